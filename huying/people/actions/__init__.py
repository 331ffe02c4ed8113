"""The verbs of the people floor: one function each, used alike by pages and imports.

Every action checks who acts, changes the row and writes its journal entry in one transaction. `actor` None is the
system itself (a pack, a test).
"""

from huying.people.actions.accounts import (
    activate_account,
    add_account,
    change_account,
    deactivate_account,
    give_role,
    reset_password,
    withdraw_role,
)
from huying.people.actions.departments import add_department, change_department, retire_department
from huying.people.actions.duties import add_duty, end_duty
from huying.people.actions.posts import end_holding, hold_post

__all__ = [
    "activate_account",
    "add_account",
    "add_department",
    "add_duty",
    "change_account",
    "change_department",
    "deactivate_account",
    "end_duty",
    "end_holding",
    "give_role",
    "hold_post",
    "reset_password",
    "retire_department",
    "withdraw_role",
]
