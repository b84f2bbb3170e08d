"""Settings of the test run: quick hashes, mail in memory, a database of its own (PostgreSQL: TEST_DATABASE_URL)."""

import os
import tempfile
from pathlib import Path

from deepfake_site import environment as env
from deepfake_site.settings import *  # noqa: F403  # Django's way of varying settings
from deepfake_site.settings import DATABASES, MIDDLEWARE, STORAGES

SECRET_KEY = "for-tests-only-" + "0" * 40  # signs nothing outside a test
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

# A file and not memory: real worker processes open the same database. The process id lets test runs go side by side.
scratch = Path(tempfile.gettempdir())
if url := os.environ.get("TEST_DATABASE_URL"):
    DATABASES = {"default": env.database(url)}
    DATABASES["default"]["TEST"] = {"NAME": f"test_deepfake_{os.getpid()}"}
else:
    DATABASES = {"default": env.database(f"sqlite:///{scratch / 'deepfake.sqlite3'}")}
    DATABASES["default"]["TEST"] = {"NAME": str(scratch / f"test_deepfake_{os.getpid()}.sqlite3")}

# The fixture `media_root` gives each test a directory of its own; this one is where a test without it would be noticed.
MEDIA_ROOT = scratch / "deepfake-test-without-media-root"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]
SECURE_SSL_REDIRECT = False

# Nothing is drawn by lot unless a test wants it.
DEEPFAKE_AUDIT_SHARE = DEEPFAKE_GOLD_SHARE = 0.0

# Counts of tests stay out of the site's own.
DEEPFAKE_METRICS_DIR = os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(scratch / f"deepfake-metrics-{os.getpid()}")
