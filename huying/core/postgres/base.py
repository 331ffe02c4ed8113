"""Django's PostgreSQL backend, which starts the embedded server before the first connection.

Without it every command, script and test would have to remember to start the server.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import OperationalError

from huying.core.database import EmbeddedPostgres


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server: EmbeddedPostgres | None = settings.EMBEDDED_POSTGRES
        if server is None:
            return super().get_new_connection(conn_params)
        server.ensure_running()
        try:
            return super().get_new_connection(conn_params)
        except OperationalError:
            if not server.revive():
                raise
            return super().get_new_connection(conn_params)
