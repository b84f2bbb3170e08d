"""Settings: everything that differs between two installations comes from the environment (see .env.example)."""

import os
from pathlib import Path
from typing import Any

from deepfake_site import environment as env
from deepfake_site.logging_config import logging_config
from ml_core.config import MAX_UPLOAD_BYTES, TRAINED_MODELS

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("DEEPFAKE_VAR", BASE_DIR / "var")

SECRET_KEY_FILE = env.path("DJANGO_SECRET_KEY_FILE", VAR_DIR / "secret_key")
SECRET_KEY = env.secret_key(SECRET_KEY_FILE)
DEBUG = env.flag("DJANGO_DEBUG")
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "detection",
    "detection.api",
    "detection.moderation",
    "detection.webhooks",
    "learning",
    "learning.registry",
    "learning.feedback",
    "learning.retraining",
    "deepfake_site",
    "deepfake_site.accounts",
    "deepfake_site.exports",
]
MIDDLEWARE = [
    "detection.request_id.RequestIdMiddleware",
    "deepfake_site.metrics.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "deepfake_site.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "deepfake_site.accounts.middleware.SessionNotesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "deepfake_site.urls"
WSGI_APPLICATION = "deepfake_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'db.sqlite3'}"
DATABASES: dict[str, dict[str, Any]] = {"default": env.database(DATABASE_URL)}

# Shared by all web processes: what the API's throttles count. Files, so that nothing has to be installed.
CACHES = {"default": env.cache(os.environ.get("CACHE_URL", ""), VAR_DIR / "cache" / "shared")}

# Queue: attempts are counted in our own row, so that django-q2 must never try again by itself; `retry` is far above
# `timeout` because the lock starts when a task is prefetched, not when its work starts (checked: deepfake_site.E001).
TASK_TIMEOUT = 600
Q_CLUSTER: dict[str, Any] = {
    "name": "deepfake",
    "orm": "default",
    "workers": 1,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.5,
    "timeout": TASK_TIMEOUT,
    "retry": TASK_TIMEOUT * 3 + 60,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": 50,
    "recycle": 500,
    "guard_cycle": 0.5,
    "catch_up": False,
    "ALT_CLUSTERS": {
        "training": {
            "workers": 1,
            "queue_limit": 1,
            "timeout": 21600,
            "retry": 68400,
            "max_attempts": 1,
            "recycle": 1,
        },
        "light": {"workers": 1, "queue_limit": 4, "timeout": 60, "retry": 600},
    },
}

# The detection's own limits
DEEPFAKE_MODELS = env.path("DEEPFAKE_MODELS", TRAINED_MODELS)
DEEPFAKE_MAX_UPLOAD_BYTES = env.number("DEEPFAKE_MAX_UPLOAD_BYTES", MAX_UPLOAD_BYTES)
DEEPFAKE_LEASE_SECONDS = env.number("DEEPFAKE_LEASE_SECONDS", 60)
DEEPFAKE_DECODE_SECONDS = env.number("DEEPFAKE_DECODE_SECONDS", 120)
DEEPFAKE_INFERENCE_SECONDS = env.number("DEEPFAKE_INFERENCE_SECONDS", 300)
DEEPFAKE_RETENTION_DAYS = env.number("DEEPFAKE_RETENTION_DAYS", 30)
DEEPFAKE_STALL_SECONDS = env.number("DEEPFAKE_STALL_SECONDS", 10)
DEEPFAKE_QUOTAS = {  # per person; a row in the admin sets other ones
    "bytes_stored": env.number("DEEPFAKE_QUOTA_BYTES", 20 * 1024**3),
    "uploads_per_hour": env.number("DEEPFAKE_QUOTA_UPLOADS_PER_HOUR", 1000),
    "queued_jobs": env.number("DEEPFAKE_QUOTA_QUEUED_JOBS", 200),
}
# Requests a minute, per person and scope; `account` is what needs no scope.
DEEPFAKE_API_RATES = env.rates(
    "DEEPFAKE_API_RATES",
    {
        "detect:write": 120,
        "detect:read": 600,
        "feedback:write": 120,
        "moderate": 600,
        "learn:run": 60,
        "account": 120,
    },
)
DEEPFAKE_API_WAITERS = env.number("DEEPFAKE_API_WAITERS", 3)  # threads of one web process that may wait for results
DEEPFAKE_STOP_GRACE = env.number("DEEPFAKE_STOP_GRACE", 3)

# Moderation: what is flagged (the policy is in detection/moderation/flagging.py) and how long things last
DEEPFAKE_FLAG_DISAGREEMENT = env.fraction("DEEPFAKE_FLAG_DISAGREEMENT", 0.5)
DEEPFAKE_FLAG_STAKES = env.fraction("DEEPFAKE_FLAG_STAKES", 0.98)
DEEPFAKE_AUDIT_SHARE = env.fraction("DEEPFAKE_AUDIT_SHARE", 0.02)
DEEPFAKE_GOLD_SHARE = env.fraction("DEEPFAKE_GOLD_SHARE", 0.05)
DEEPFAKE_CLAIM_SECONDS = env.number("DEEPFAKE_CLAIM_SECONDS", 900)
DEEPFAKE_UNDO_SECONDS = env.number("DEEPFAKE_UNDO_SECONDS", 30)
DEEPFAKE_NOTICE_SECONDS = env.number("DEEPFAKE_NOTICE_SECONDS", 300)

# From a click to a label (docs/learning.md). Media trains only if its owner agreed, or if the site has another policy.
DEEPFAKE_TRAIN_WITHOUT_CONSENT = env.flag("DEEPFAKE_TRAIN_WITHOUT_CONSENT")
DEEPFAKE_LABEL_REPORTERS = env.number("DEEPFAKE_LABEL_REPORTERS", 2)
DEEPFAKE_ACCOUNT_DAYS = env.number("DEEPFAKE_ACCOUNT_DAYS", 7)
DEEPFAKE_FEEDBACK_PER_DAY = env.number("DEEPFAKE_FEEDBACK_PER_DAY", 200)
# Model versions: where evaluations are kept, what is frozen (by default data/*.csv), whether the gate alone promotes
DEEPFAKE_EVALUATIONS = env.path("DEEPFAKE_EVALUATIONS", VAR_DIR / "evaluations")
DEEPFAKE_FROZEN = [Path(path) for path in env.words("DEEPFAKE_FROZEN")]
DEEPFAKE_AUTO_PROMOTE = env.flag("DEEPFAKE_AUTO_PROMOTE")
DEEPFAKE_SHADOW_PER_HOUR = env.number("DEEPFAKE_SHADOW_PER_HOUR", 60)  # detections that a version in shadow is asked
DEEPFAKE_EXPORT_KEY = os.environ.get("DEEPFAKE_EXPORT_KEY", "")  # signs exported versions

# Learning from feedback. Replay: manifests of base data beside which confirmed items are learned; those that are not
# there are left out. The cron expression is where the schedule starts; the administration changes it.
DEEPFAKE_RETRAINING_ROOT = env.path("DEEPFAKE_RETRAINING_ROOT", VAR_DIR / "retraining")
DEEPFAKE_REPLAY = [Path(path) for path in env.words("DEEPFAKE_REPLAY")]
DEEPFAKE_REPLAY_LIMIT = env.number("DEEPFAKE_REPLAY_LIMIT", 60)
DEEPFAKE_RETRAIN_CRON = os.environ.get("DEEPFAKE_RETRAIN_CRON", "0 3 * * *")
DEEPFAKE_RETRAIN_LEAST = env.number("DEEPFAKE_RETRAIN_LEAST", 10)
DEEPFAKE_RETRAIN_THREADS = env.number("DEEPFAKE_RETRAIN_THREADS", 1)
DEEPFAKE_RETRAIN_SETTINGS: dict[str, Any] = {}  # over ml_core.training.feedback.Settings

# Uploads: private, one random directory each, never below a public URL. Staging lies inside: taking a file is a rename.
MEDIA_ROOT = env.path("MEDIA_ROOT", BASE_DIR / "media")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = ["detection.upload_handlers.LimitedTemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 50

# Static files: collected and fingerprinted where DJANGO_STATIC_ROOT is set (the container), found in place elsewhere.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = os.environ.get("DJANGO_STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STATIC_STORAGE = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if STATIC_ROOT
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATIC_STORAGE},
}

# Pages of other origins may call the API with a token only where they are named here; cookies never go along.
CORS_ALLOWED_ORIGINS = env.words("DEEPFAKE_CORS_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ("accept", "authorization", "content-type", "idempotency-key", "prefer", "range")
CORS_EXPOSE_HEADERS = ("location", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
if CORS_ALLOWED_ORIGINS:
    MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")

# The API. What its endpoints share stands in detection.api.views; here is what REST framework takes from settings only.
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "detection.api.schema.OperationSchema",
    "DEFAULT_FILTER_BACKENDS": [],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Deepfake Check",
    "DESCRIPTION": "Verdicts about photos and videos of people. A detection is a job: upload, wait, read.",
    "VERSION": "1.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Choices stay where they are used: as components their names would collide.
    "POSTPROCESSING_HOOKS": ["detection.api.schema.same_on_every_database"],
    "SERVERS": [{"url": "/"}],
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": "detection.models.MediaFile.Kind",
        "HumanLabelEnum": "learning.feedback.words.Label",
        "MediaLabelEnum": "learning.feedback.claims.NAMED",
        "FakeKindEnum": "learning.feedback.words.Kind",
    },
}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "deepfake-detection@localhost")

# DJANGO_SECURE=1 says that people reach the site by HTTPS only (a proxy ends TLS and sets X-Forwarded-Proto).
SECURE = env.flag("DJANGO_SECURE")
CSRF_TRUSTED_ORIGINS = env.words("DJANGO_CSRF_TRUSTED_ORIGINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_ENGINE = "deepfake_site.accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Webhooks: requests to wherever a user says. Private networks stay closed unless they are named here.
DEEPFAKE_SITE_URL = os.environ.get("DEEPFAKE_SITE_URL", "")
DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS = env.words("DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS")
DEEPFAKE_WEBHOOK_HTTPS_ONLY = env.flag("DEEPFAKE_WEBHOOK_HTTPS_ONLY", SECURE)
DEEPFAKE_WEBHOOK_SECONDS = env.number("DEEPFAKE_WEBHOOK_SECONDS", 10)
DEEPFAKE_WEBHOOK_LOG_DAYS = env.number("DEEPFAKE_WEBHOOK_LOG_DAYS", 30)

DEEPFAKE_EXPORT_DAYS = env.number("DEEPFAKE_EXPORT_DAYS", 3)

# /metrics: for the staff, and for whoever sends this token. prometheus-client reads the variable when it is imported.
DEEPFAKE_METRICS_TOKEN = os.environ.get("DEEPFAKE_METRICS_TOKEN", "")
DEEPFAKE_METRICS_DIR = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(VAR_DIR / "metrics"))

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

LOGGING = logging_config(os.environ.get("DJANGO_LOG_LEVEL", "INFO"))
