"""All settings, in one file, for demo, tests and production. What differs between machines comes from the environment;
docs/settings.md lists every variable. `make run` sets them by itself."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from celery.schedules import crontab

from marketplace.env import BadEnvironment, Env

django_stubs_ext.monkeypatch()  # generic classes of Django may be subscripted in running code
env = Env(os.environ)
BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = Path(env.text("QUORUM_LOCAL") or BASE_DIR / ".local")  # whatever the embedded servers and the demo keep

# --- Who we are -------------------------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY")  # Django refuses to start serving while this is empty
DEBUG = env.flag("DEBUG")
QUORUM_DEMO = env.flag("QUORUM_DEMO")  # demo people, the mail page, sandbox money: never on a real machine
QUORUM_PUBLIC_URL = env.text("QUORUM_PUBLIC_URL", "http://localhost:8000")  # what people type, no final slash
QUORUM_DOCUMENT_DAYS = env.number("QUORUM_DOCUMENT_DAYS", 90)  # after our answer a document is deleted; 0: never
QUORUM_UNDO_SECONDS = env.number("QUORUM_UNDO_SECONDS", 60)  # in which ops can take a verdict back
QUORUM_CREDENTIAL_HOURS = env.number("QUORUM_CREDENTIAL_HOURS", 24)  # the promise to experts: answered within
QUORUM_AUDIENCE_DAYS = env.number("QUORUM_AUDIENCE_DAYS", 90)  # whoever was invited and is silent is then forgotten
QUORUM_SUPPORT_EMAIL = env.text("QUORUM_SUPPORT_EMAIL", "support@quorum.example")
QUORUM_CARD_LIMIT = env.number("QUORUM_CARD_LIMIT", 500_000)  # minor units a new lab may pay by card; 0: no limit
QUORUM_CARD_LIMIT_DAYS = env.number("QUORUM_CARD_LIMIT_DAYS", 30)  # a lab is new until so long after its first payment
QUORUM_MIN_HOURLY = env.number("QUORUM_MIN_HOURLY", 3_000)  # the least an hour of new projects, in minor units
QUORUM_LOW_FUNDS_SEATS = env.number("QUORUM_LOW_FUNDS_SEATS", 10)  # fewer answers left than this: funds run low
QUORUM_LOW_FUNDS_PERCENT = env.number("QUORUM_LOW_FUNDS_PERCENT", 10)  # … or than this share of the plan
QUORUM_IDLE_WARN_DAYS = env.number("QUORUM_IDLE_WARN_DAYS", 60)  # unspent funds: the lab is warned
QUORUM_IDLE_RETURN_DAYS = env.number("QUORUM_IDLE_RETURN_DAYS", 85)  # … and they go back; 0: never
PLATFORM_FEE_BPS = env.number("PLATFORM_FEE_BPS", 2_000)  # platform fee on top of the pay, in basis points

_public = urlsplit(QUORUM_PUBLIC_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname or "localhost", *env.words("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [QUORUM_PUBLIC_URL]
ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"

INSTALLED_APPS = [
    "marketplace.apps.MarketplaceConfig",
    "tasks.apps.TasksConfig",
    "projects.apps.ProjectsConfig",
    "experts.apps.ExpertsConfig",
    "payments.apps.PaymentsConfig",
    "accounts.apps.AccountsConfig",
    "core.apps.CoreConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "lucide",
    "rest_framework",
    "template_partials.apps.SimpleAppConfig",  # "simple": the loaders are written out below
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "marketplace.middleware.permissions_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.pages.viewer_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.middleware.Refusals",
]

# --- Pages ------------------------------------------------------------------------------------------------------------
_loaders: list[Any] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.pages.page",
                "marketplace.shell.shell",
            ],
        },
    }
]
FORM_RENDERER = "core.pages.FormRenderer"
X_FRAME_OPTIONS = "SAMEORIGIN"  # documents are shown in a sandboxed frame of our own

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("QUORUM_STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.storage.MathFontFinder",
]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = False  # e-mails and error pages may name the plain file

# --- Files people give us: private, handed out by views that check who asks -------------------------------------------
QUORUM_FILE_KEYS = env.keys("QUORUM_FILE_KEYS")  # Fernet keys for experts' documents; the first seals, all open
QUORUM_RECORD_KEYS = env.keys("QUORUM_RECORD_KEYS")  # Fernet keys for the keys that sign experts' records; as above
S3_BUCKET = env.text("S3_BUCKET")
QUORUM_MEDIA_ROOT = Path(env.text("QUORUM_MEDIA_ROOT", str(LOCAL_DIR / "media")))
_private_files: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": QUORUM_MEDIA_ROOT, "base_url": None, "file_permissions_mode": 0o600},
}
if S3_BUCKET:
    _private_files = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT_URL") or None,
            "region_name": env.text("S3_REGION") or None,
            "access_key": env.text("S3_ACCESS_KEY_ID") or None,
            "secret_key": env.text("S3_SECRET_ACCESS_KEY") or None,
            "default_acl": "private",
            "querystring_expire": 300,
            "file_overwrite": False,
        },
    }
STORAGES: dict[str, dict[str, Any]] = {
    "default": _private_files,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "core.storage.StaticStorage"
    },
}

# --- Data -------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.database("DATABASE_URL", "postgresql:///quorum"),
        "CONN_MAX_AGE": 600,  # one connection per thread, not one per request
        "CONN_HEALTH_CHECKS": True,  # a restarted database costs no request
    }
}
# Our statements are short: compiling them costs more than running them, and one worker helps the widest match.
DATABASES["default"]["OPTIONS"].setdefault("options", "-c jit=off -c max_parallel_workers_per_gather=1")

REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")  # the cache: `cache.clear()` empties this database number
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_connect_timeout": 1,
            "socket_timeout": 2,
        },  # seconds: a cache that hangs must not hang pages
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- Background jobs --------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "redis://localhost:6379/1")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,  # longer than any job may run, else the job is started twice
    "unacked_restore_throttle": 1,  # look every 10 s for the jobs of a worker that was killed
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_ACKS_LATE = True  # jobs are safe to run twice; they are not safe to lose
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "quorum"
CELERY_BEAT_SCHEDULE_FILENAME = str(LOCAL_DIR / "beat")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "core.drain": {"task": "core.drain", "schedule": timedelta(seconds=5)},
    "core.remove_strays": {"task": "core.remove_strays", "schedule": crontab(hour=4, minute=10)},
    "accounts.send_notices": {"task": "accounts.send_notices", "schedule": timedelta(minutes=1)},
    "accounts.expire_invites": {"task": "accounts.expire_invites", "schedule": timedelta(hours=1)},
    "accounts.forget_replies": {"task": "accounts.forget_replies", "schedule": timedelta(hours=6)},
    "experts.ask_remotes": {"task": "experts.ask_remotes", "schedule": timedelta(minutes=1)},
    "experts.forget_codes": {"task": "experts.forget_codes", "schedule": timedelta(hours=1)},
    "experts.invite_prospects": {"task": "experts.invite_prospects", "schedule": timedelta(minutes=1)},
    "experts.forget_prospects": {"task": "experts.forget_prospects", "schedule": crontab(hour=4, minute=40)},
    "experts.rebuild_matches": {"task": "experts.rebuild_matches", "schedule": crontab(hour=2, minute=30)},
    "experts.keep_clocks": {"task": "experts.keep_clocks", "schedule": timedelta(hours=1)},
    "experts.delete_old_documents": {"task": "experts.delete_old_documents", "schedule": crontab(hour=4, minute=40)},
    "experts.deliver_verdicts": {"task": "experts.deliver_verdicts", "schedule": timedelta(seconds=10)},
    "projects.match_all": {"task": "projects.match_all", "schedule": crontab(hour=3, minute=0)},
    "projects.expire_invitations": {"task": "projects.expire_invitations", "schedule": timedelta(minutes=10)},
    "projects.lapse_applications": {"task": "projects.lapse_applications", "schedule": timedelta(minutes=10)},
    "tasks.expire_claims": {"task": "tasks.expire_claims", "schedule": timedelta(minutes=1)},
    "tasks.auto_accept": {"task": "tasks.auto_accept", "schedule": timedelta(minutes=1)},
    "tasks.settle_rejections": {"task": "tasks.settle_rejections", "schedule": timedelta(minutes=5)},
    "tasks.open_seats": {"task": "tasks.open_seats", "schedule": timedelta(minutes=1)},
    "tasks.write_files": {"task": "tasks.write_files", "schedule": timedelta(minutes=1)},
    "tasks.make_up_weeks": {"task": "tasks.make_up_weeks", "schedule": crontab(hour=1, minute=20)},
    "tasks.watch_funds": {"task": "tasks.watch_funds", "schedule": timedelta(minutes=10)},
    "tasks.warn": {"task": "tasks.warn", "schedule": timedelta(minutes=5)},
    "payments.process_inbox": {"task": "payments.process_inbox", "schedule": timedelta(seconds=15)},
    "payments.pay_dues": {"task": "payments.pay_dues", "schedule": timedelta(minutes=1)},
    "payments.make_payouts": {"task": "payments.make_payouts", "schedule": timedelta(seconds=60)},
    "payments.dispatch_outbox": {"task": "payments.dispatch_outbox", "schedule": timedelta(seconds=15)},
    "payments.note_late_pay": {"task": "payments.note_late_pay", "schedule": timedelta(minutes=5)},
    "payments.note_late_by_hand": {"task": "payments.note_late_by_hand", "schedule": timedelta(hours=1)},
    "payments.sweep_events": {"task": "payments.sweep_events", "schedule": timedelta(minutes=10)},  # once a day it acts
    "payments.return_idle_funds": {"task": "payments.return_idle_funds", "schedule": timedelta(hours=1)},
    "payments.expire_adjustments": {"task": "payments.expire_adjustments", "schedule": timedelta(hours=1)},
    "payments.expire_reversals": {"task": "payments.expire_reversals", "schedule": timedelta(hours=1)},
    "payments.reconcile": {"task": "payments.reconcile", "schedule": crontab(minute=10)},
    "payments.reconcile_fully": {
        "task": "payments.reconcile",
        "schedule": crontab(hour=1, minute=40),
        "kwargs": {"full": True},
    },
    "payments.refresh_waiting": {"task": "payments.refresh_waiting", "schedule": timedelta(minutes=10)},
}

# --- Money ------------------------------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_API_BASE = env.text("STRIPE_API_BASE")  # empty: Stripe itself. The sandbox has an address of its own
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET")  # events of the platform
STRIPE_CONNECT_WEBHOOK_SECRET = env.text("STRIPE_CONNECT_WEBHOOK_SECRET")  # events of connected accounts
STRIPE_THIN_WEBHOOK_SECRET = env.text("STRIPE_THIN_WEBHOOK_SECRET")  # v2 events
# Countries (ISO 3166-1 alpha-2) where Stripe does not pay and this operator does, by bank transfer and by hand.
QUORUM_MANUAL_COUNTRIES = env.words("QUORUM_MANUAL_COUNTRIES")
QUORUM_MANUAL_DAYS = env.number(
    "QUORUM_MANUAL_DAYS", 7
)  # business days: the promise of the bank's order to experts there
if QUORUM_MANUAL_DAYS < 1:
    raise BadEnvironment("QUORUM_MANUAL_DAYS must be 1 or more")
QUORUM_BANK_KEYS = env.keys("QUORUM_BANK_KEYS")  # Fernet keys for bank details; the first seals, all of them open
if QUORUM_MANUAL_COUNTRIES and not QUORUM_BANK_KEYS:
    raise BadEnvironment("QUORUM_MANUAL_COUNTRIES needs QUORUM_BANK_KEYS: bank details are kept encrypted")
STRIPE_TIMEOUT = (5, 20)  # seconds to connect, seconds to answer
STRIPE_NETWORK_RETRIES = 2
# Where a form may lead: Stripe's hosted pages.
STRIPE_PUBLIC_ORIGINS = env.words("STRIPE_PUBLIC_ORIGINS", "https://checkout.stripe.com https://connect.stripe.com")

# --- Mail -------------------------------------------------------------------------------------------------------------
globals().update(env.email("EMAIL_URL", "smtp://localhost:25"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Quorum <no-reply@quorum.example>")

# --- Who is asked about experts ---------------------------------------------------------------------------------------
NPPES_BASE = env.text("NPPES_BASE", "https://npiregistry.cms.hhs.gov/api/")  # empty: US providers are not looked up
ORCID_CLIENT_ID = env.text("ORCID_CLIENT_ID")  # empty: nobody is offered to connect their ORCID record
ORCID_CLIENT_SECRET = env.text("ORCID_CLIENT_SECRET")
ORCID_DOMAIN = env.text("ORCID_DOMAIN", "orcid.org")  # or sandbox.orcid.org
ORCID_ORIGIN = [f"https://{ORCID_DOMAIN}"] if ORCID_CLIENT_ID else []
ORCID_API = f"https://pub.{ORCID_DOMAIN}/v3.0"  # public: what a person shows to everybody is all we read

# --- Signing in -------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"  # allauth knows no other way to be told
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "accounts.entrance.LoginForm",
    "signup": "accounts.entrance.SignupForm",
    "add_email": "accounts.entrance.AddEmailForm",
    "change_password": "accounts.entrance.ChangePasswordForm",
    "set_password": "accounts.entrance.SetPasswordForm",
    "reset_password": "accounts.entrance.ResetPasswordForm",
    "reset_password_from_key": "accounts.entrance.ResetPasswordKeyForm",
    "reauthenticate": "accounts.entrance.ReauthenticateForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # "your password was changed"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _public.scheme
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True  # one question less at sign-in; signing out is one click
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "orcid": {
        "BASE_DOMAIN": ORCID_DOMAIN,
        "APP": {"client_id": ORCID_CLIENT_ID, "secret": ORCID_CLIENT_SECRET, "key": ""},
    }
}
SOCIALACCOUNT_STORE_TOKENS = False  # ORCID says once who somebody is; all we read afterwards is public
if ORCID_CLIENT_ID:
    INSTALLED_APPS.append("allauth.socialaccount.providers.orcid")
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Quorum"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _https  # browsers allow http://localhost only
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = env.flag("QUORUM_SSL_REDIRECT")
SECURE_REDIRECT_EXEMPT = ["^healthz$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
QUORUM_BEHIND_PROXY = env.flag("QUORUM_BEHIND_PROXY")
if QUORUM_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # else all sign-ins count as the proxy's, and its limit locks everybody out
SECURE_REFERRER_POLICY = "same-origin"

# Nothing is inline and nothing comes from elsewhere, on no page, the admin included.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "media-src": ["'self'", "blob:"],
        "frame-src": ["'self'"],
        "form-action": ["'self'", *STRIPE_PUBLIC_ORIGINS, *ORCID_ORIGIN],  # a POST answered by a redirect is one
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
    }
}

# --- The REST door ----------------------------------------------------------------------------------------------------
QUORUM_API_PER_MINUTE = env.number("QUORUM_API_PER_MINUTE", 1_200)  # requests of one key, or of one person's browser
QUORUM_API_PER_MINUTE_ANONYMOUS = env.number("QUORUM_API_PER_MINUTE_ANONYMOUS", 120)  # of one address
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],  # the rest: accounts/rest.py, Door
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttles.PerKey", "accounts.throttles.PerAddress"],
    "EXCEPTION_HANDLER": "accounts.rest.exception_handler",
    "NUM_PROXIES": 1 if QUORUM_BEHIND_PROXY else 0,  # else whoever makes up an X-Forwarded-For is a new address
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Quorum API",
    "DESCRIPTION": "Everything the loop needs: post, fund, apply, work, review, pay, export. Who asks too often within "
    "a minute is answered 429 with the code `throttled`; `Retry-After` says after how many seconds to come back.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # choices are written where they are used, not as enums with made-up names
}

# --- Words, time, logs ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False  # the product speaks English; people's names, fields and countries do not depend on it
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("QUORUM_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "stripe": {"level": "WARNING"},  # it tells of every request
    },
}
