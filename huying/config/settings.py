"""Django's settings. What an installation may choose comes from the environment, see environment.py."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from huying.config import environment
from huying.core.database import EmbeddedPostgres, parse_url

try:
    ENVIRONMENT = environment.load()
except environment.SettingError as error:
    raise ImproperlyConfigured(str(error)) from None

BASE_DIR = environment.BASE_DIR
DATA_DIR: Path = ENVIRONMENT["HUYING_DATA_DIR"]
# Sample data for tests and trials, beside the project; absent on most machines.
SHARED_DATA = BASE_DIR.parent / "shared" / "data"

DEBUG: bool = ENVIRONMENT["HUYING_DEBUG"]
DEMO: bool = ENVIRONMENT["HUYING_DEMO"]
PUBLIC_URL: str = ENVIRONMENT["HUYING_PUBLIC_URL"]
PACK: Path = ENVIRONMENT["HUYING_PACK"]
CONTACT_DAYS: int = ENVIRONMENT["HUYING_CONTACT_DAYS"]
TILE_URL: str = ENVIRONMENT["HUYING_TILE_URL"]
PAPER_ISSUER: str = ENVIRONMENT["HUYING_PAPER_ISSUER"]
PAPER_FONTS: list[str] = ENVIRONMENT["HUYING_PAPER_FONTS"]
PAPER_SEALS: str = ENVIRONMENT["HUYING_PAPER_SEALS"]
TRUST_PROXY: bool = ENVIRONMENT["HUYING_TRUST_PROXY"]
TRUSTED_HOSTS = {host.lower() for host in ENVIRONMENT["HUYING_TRUSTED_HOSTS"]}


def generated_key(file: Path) -> str:
    """The key of this installation, made on first use and readable by its owner only."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        # Linked, not written in place: of two processes that start at once both read the same whole key.
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text().strip()


SECRET_KEY: str = ENVIRONMENT["HUYING_SECRET_KEY"]
if not SECRET_KEY:
    if ENVIRONMENT["DATABASE_URL"] and not (DEBUG or DEMO):
        raise ImproperlyConfigured(
            "HUYING_SECRET_KEY is not set. With DATABASE_URL several hosts may share one installation, so the key "
            "cannot be generated: set it (or HUYING_SECRET_KEY_FILE) to 50 random characters, the same everywhere."
        )
    SECRET_KEY = generated_key(DATA_DIR / "secret_key")

_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = (
    ["*"]
    if DEBUG or DEMO
    else [*ENVIRONMENT["HUYING_ALLOWED_HOSTS"], _public.hostname, "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

FLOORS = ("core", "places", "people", "papers", "registry", "cases", "packs")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "procrastinate.contrib.django",
    "huying.core",
    "huying.places",
    "huying.people",
    "huying.notices",
    "huying.papers",
    "huying.registry",
    "huying.cases",
    "huying.community",
    "huying.inspections",
    "huying.targets",
    "huying.figures",
    "huying.integrations",
    "huying.integrations.forwarding",
    "huying.integrations.hotline",
    "huying.integrations.netizen",
    "huying.integrations.open311",
    "huying.integrations.webhooks",
    "huying.packs",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
]

MIDDLEWARE = [
    "huying.core.logs.RequestLogMiddleware",
    "huying.core.api.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "huying.core.health.HealthMiddleware",
    "huying.integrations.open311.middleware.ErrorDocumentMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "huying.core.bodies.WholeFormMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "huying.people.middleware.SessionRenewalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "huying.people.middleware.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "huying.core.refusals.RefusalMiddleware",
]

ROOT_URLCONF = "huying.config.urls"
WSGI_APPLICATION = "huying.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "huying" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "huying.core.navigation.navigation",
                "huying.places.context.district",
            ],
        },
    },
]

# -- database ------------------------------------------------------------------------------------------------

EMBEDDED_POSTGRES = None if ENVIRONMENT["DATABASE_URL"] else EmbeddedPostgres(DATA_DIR / "postgres")
_connection = (
    EMBEDDED_POSTGRES.connection_settings() if EMBEDDED_POSTGRES else parse_url(ENVIRONMENT["DATABASE_URL"])
)
DATABASES = {
    "default": {
        "ENGINE": "huying.core.postgres",
        **_connection,
        # The pool bounds the connections of a process; it needs connections that end with the request.
        "CONN_MAX_AGE": 0,
        # One short question per request, so that a restart of the database is not felt as failed requests.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_connection.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": ENVIRONMENT["HUYING_DATABASE_POOL_SIZE"], "timeout": 10},
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- people --------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_validators = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _validators + "UserAttributeSimilarityValidator"},
    {"NAME": _validators + "MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": _validators + "CommonPasswordValidator"},
    {"NAME": _validators + "NumericPasswordValidator"},
]
SESSION_COOKIE_AGE = ENVIRONMENT["HUYING_SESSION_HOURS"] * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Identity provider and second factors, by allauth; its adapters and forms of ours are in people/signing.
OIDC_ISSUER: str = ENVIRONMENT["HUYING_OIDC_ISSUER"]
OIDC_NAME: str = ENVIRONMENT["HUYING_OIDC_NAME"]
OIDC_CLAIM: str = ENVIRONMENT["HUYING_OIDC_CLAIM"]
OIDC_ONLY: bool = ENVIRONMENT["HUYING_OIDC_ONLY"]
OIDC_PROVIDER_ID = "organisation"
if OIDC_ISSUER and not (ENVIRONMENT["HUYING_OIDC_CLIENT_ID"] and ENVIRONMENT["HUYING_OIDC_CLIENT_SECRET"]):
    raise ImproperlyConfigured(
        "HUYING_OIDC_ISSUER is set, so HUYING_OIDC_CLIENT_ID and HUYING_OIDC_CLIENT_SECRET are needed too."
    )
if OIDC_ONLY and not OIDC_ISSUER:
    raise ImproperlyConfigured("HUYING_OIDC_ONLY leaves no way in without HUYING_OIDC_ISSUER.")
if OIDC_ISSUER.startswith("http://") and not (DEBUG or DEMO):
    raise ImproperlyConfigured("HUYING_OIDC_ISSUER must be https: who reads along could sign in as anybody.")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": OIDC_PROVIDER_ID,
                "name": OIDC_NAME,
                "client_id": ENVIRONMENT["HUYING_OIDC_CLIENT_ID"],
                "secret": ENVIRONMENT["HUYING_OIDC_CLIENT_SECRET"],
                "settings": {"server_url": OIDC_ISSUER},
            }
        ],
    }
}
SECOND_FACTOR_ROLES: list[str] = ENVIRONMENT["HUYING_SECOND_FACTOR"]
ACCOUNT_ADAPTER = "huying.people.signing.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "huying.people.signing.adapters.ProviderAdapter"
MFA_ADAPTER = "huying.people.signing.adapters.FactorAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
# allauth counts guesses in each process for itself; ours are counted in the database (people/signing).
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
SOCIALACCOUNT_LOGIN_ON_GET = True  # our own view takes POST only
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_STORE_TOKENS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # half a minute early or late; a code opens once (people/signing/forms.py)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO
MFA_FORMS = {
    "authenticate": "huying.people.signing.forms.AuthenticateForm",
    "reauthenticate": "huying.people.signing.forms.ReauthenticateForm",
    "activate_totp": "huying.people.signing.forms.ActivateTOTPForm",
    "add_webauthn": "huying.people.signing.forms.AddWebAuthnForm",
    "edit_webauthn": "huying.people.signing.forms.EditWebAuthnForm",
}

# -- language and time ---------------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("英文"))]
LOCALE_PATHS = [BASE_DIR / "huying" / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# -- files ---------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# Scripts and styles of others, copied from npm packages by tools/collect_assets.py; absent before `make assets`.
ASSETS_DIR = BASE_DIR / ".assets"
STATICFILES_DIRS = [folder for folder in (BASE_DIR / "huying" / "static", ASSETS_DIR) if folder.is_dir()]
_static = "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static if DEBUG else "huying.core.static.StaticStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
MAX_UPLOAD_BYTES = ENVIRONMENT["HUYING_MAX_UPLOAD_MB"] * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640

# -- ways out ------------------------------------------------------------------------------------------------

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST: str = ENVIRONMENT["HUYING_SMTP_HOST"]
EMAIL_PORT: int = ENVIRONMENT["HUYING_SMTP_PORT"]
EMAIL_HOST_USER: str = ENVIRONMENT["HUYING_SMTP_USER"]
EMAIL_HOST_PASSWORD: str = ENVIRONMENT["HUYING_SMTP_PASSWORD"]
EMAIL_USE_TLS = ENVIRONMENT["HUYING_SMTP_SECURITY"] == "starttls"
EMAIL_USE_SSL = ENVIRONMENT["HUYING_SMTP_SECURITY"] == "tls"
DEFAULT_FROM_EMAIL: str = ENVIRONMENT["HUYING_MAIL_FROM"]
if EMAIL_HOST and "@" not in DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured("HUYING_SMTP_HOST is set, so HUYING_MAIL_FROM needs a sender's address.")
SMS_GATEWAY: Any = None
SMS_KEY: str = ENVIRONMENT["HUYING_SMS_KEY"]
SMS_SECRET: str = ENVIRONMENT["HUYING_SMS_SECRET"]
if ENVIRONMENT["HUYING_SMS_GATEWAY"]:
    from huying.integrations.sms.gateway import GatewayError, read_gateway

    try:
        SMS_GATEWAY = read_gateway(ENVIRONMENT["HUYING_SMS_GATEWAY"])
    except GatewayError as error:
        raise ImproperlyConfigured(f"HUYING_SMS_GATEWAY: {error}") from None

# -- security ------------------------------------------------------------------------------------------------

_https_only = not (DEBUG or DEMO)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https_only
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if _public.scheme == "https" and _https_only else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
X_FRAME_OPTIONS = "DENY"

_tile_origin = [f"{p.scheme}://{p.netloc}" for p in [urlsplit(TILE_URL)] if TILE_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_tile_origin],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# -- jobs and logs -------------------------------------------------------------------------------------------

# Tasks of a floor lie in its jobs.py.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
JOBS: int = ENVIRONMENT["HUYING_JOBS"]  # that one worker runs at the same time
LOG_FORMAT: str = ENVIRONMENT["HUYING_LOG_FORMAT"]
_level = ENVIRONMENT["HUYING_LOG_LEVEL"].upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "huying.core.logs.JsonFormatter"},
        "text": {"()": "huying.core.logs.TextFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": _level},
    "loggers": {
        # The request log of huying.core.logs says the same, with request and user.
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING" if _level == "INFO" else _level},
        "psycopg.pool": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
    },
}
