"""Django's PostgreSQL backend, which starts the embedded server before the first connection.

Without it every command, script and test would have to remember to start the server.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from huying.core import database


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server: database.EmbeddedPostgres | None = settings.EMBEDDED_POSTGRES
        if server is not None:
            server.ensure_running()
        return super().get_new_connection(conn_params)
