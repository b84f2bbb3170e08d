"""Which application answers which address."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("detection.urls")),
    path("accounts/", include("deepfake_site.accounts.urls")),
    path("admin/", admin.site.urls),
]
