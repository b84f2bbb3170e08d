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
    "detection",
    "learning",
    "deepfake_site",
]
MIDDLEWARE = [
    "detection.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "deepfake_site.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
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
DEEPFAKE_STOP_GRACE = env.number("DEEPFAKE_STOP_GRACE", 3)

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
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

LOGGING = logging_config(os.environ.get("DJANGO_LOG_LEVEL", "INFO"))
