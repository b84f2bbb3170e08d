"""Which application answers which address."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from deepfake_site import health, metrics_view
from detection.api import problems
from detection.views import upload

# What each application answers below /api/; last, everything that none of them does.
API: list[URLPattern | URLResolver] = [
    path("", include("detection.api.urls")),
    path("", include("detection.moderation.api_urls")),
    path("", include("detection.webhooks.api_urls")),
    path("", include("learning.feedback.api_urls")),
    path("", include("learning.registry.api_urls")),
    path("", include("learning.retraining.api_urls")),
    re_path(r"^.*$", problems.unknown_address),
]
urlpatterns = [
    path("", upload.home, name="home"),
    path("upload/", upload.upload, name="upload"),
    path("", include("detection.urls")),
    path("", include("detection.moderation.urls")),
    path("", include("learning.feedback.urls")),
    path("webhooks/", include("detection.webhooks.urls")),
    path("accounts/tokens/", include("detection.api.page_urls")),
    path("", include("learning.registry.urls")),
    path("learning/", include("learning.retraining.urls")),
    path("accounts/", include("deepfake_site.accounts.urls")),
    path("api/", include(API)),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("metrics", metrics_view.metrics, name="metrics"),
]

handler400 = "deepfake_site.errors.bad_request"
handler403 = "deepfake_site.errors.forbidden"
handler404 = "deepfake_site.errors.not_found"
handler500 = "deepfake_site.errors.server_error"
