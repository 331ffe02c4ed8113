"""The web application, for granian or any other WSGI server."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")

application = get_wsgi_application()


def served() -> WSGIHandler:
    """The application in a process of `huying serve`, which ends with its parent."""
    from huying.config.serving import die_with_parent

    die_with_parent()
    return application
