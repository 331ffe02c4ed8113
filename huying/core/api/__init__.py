"""The ground of the API: problem details, pages by cursor, ETags, idempotency. It knows no district nouns.

Each floor has its own routers in `api.py`; `config/api.py` puts them together.
"""

from huying.core.api.concurrency import etag, require_match, require_version, unless_changed
from huying.core.api.forms import by_code, cleaned, filters, form_data, rows_of
from huying.core.api.idempotency import once
from huying.core.api.pages import Page, page_of, query
from huying.core.api.problems import Problem, install

__all__ = [
    "Page",
    "Problem",
    "by_code",
    "cleaned",
    "etag",
    "filters",
    "form_data",
    "install",
    "once",
    "page_of",
    "query",
    "require_match",
    "require_version",
    "rows_of",
    "unless_changed",
]
