"""The web application, for granian or any other WSGI server."""

import logging
import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")

application = get_wsgi_application()


def served() -> WSGIHandler:
    """The application in a process of `huying serve`, which ends with its parent."""
    from huying.config.serving import die_with_parent

    die_with_parent()
    warm_up()
    return application


def warm_up() -> None:
    """Load pages, map and names before the first visitor comes. Without a database they are loaded when it is there."""
    from django.db import DatabaseError, connection
    from django.urls import get_resolver

    from huying.places.fresh import Kept

    get_resolver().url_patterns  # noqa: B018  imports every view
    try:
        Kept.build_all()
    except DatabaseError:
        logging.getLogger("huying.serving").warning("the database does not answer yet", exc_info=True)
    finally:
        connection.close()
