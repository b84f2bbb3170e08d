"""Which application answers which address."""

from django.contrib import admin
from django.urls import include, path

from deepfake_site import health
from detection.views import upload

urlpatterns = [
    path("", upload.home, name="home"),
    path("upload/", upload.upload, name="upload"),
    path("", include("detection.urls")),
    path("accounts/", include("deepfake_site.accounts.urls")),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
]

handler400 = "deepfake_site.errors.bad_request"
handler403 = "deepfake_site.errors.forbidden"
handler404 = "deepfake_site.errors.not_found"
handler500 = "deepfake_site.errors.server_error"
