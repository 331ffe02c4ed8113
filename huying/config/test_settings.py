"""Settings of the tests: those of an installation, with a server of their own that is quick rather than durable."""

import tempfile
from pathlib import Path

from huying.config.settings import *  # noqa: F403
from huying.config.settings import BASE_DIR, DATABASES
from huying.core.database import EmbeddedPostgres

EMBEDDED_POSTGRES = EmbeddedPostgres(BASE_DIR / ".data" / "test" / "postgres", durable=False)
DATABASES["default"] |= {**EMBEDDED_POSTGRES.connection_settings(), "OPTIONS": {}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = BASE_DIR / ".data" / "test" / "static"
STATIC_ROOT.mkdir(
    parents=True, exist_ok=True
)  # WhiteNoise asks for it; pages under test find files at their source
MEDIA_ROOT = Path(tempfile.gettempdir()) / "huying-test-media"
ALLOWED_HOSTS = ["*"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SECURE_HSTS_SECONDS = 0
