"""People over HTTP: who the caller is, accounts and their roles, departments, duties, posts."""

from huying.people.api.accounts import router as accounts
from huying.people.api.auth import SessionAuth, TokenAuth, caller
from huying.people.api.organisation import router as organisation
from huying.people.api.own import router as own

ROUTERS = (own, organisation, accounts)

__all__ = ["ROUTERS", "SessionAuth", "TokenAuth", "caller"]
