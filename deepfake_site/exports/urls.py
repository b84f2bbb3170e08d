"""Below /accounts/export/."""

from django.urls import path

from deepfake_site.exports import views

app_name = "exports"
urlpatterns = [
    path("", views.request_export, name="request"),
    path("<uuid:export_id>/download/", views.download, name="download"),
    path("<uuid:export_id>/delete/", views.delete, name="delete"),
]
