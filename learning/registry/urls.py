"""Pages below /models/."""

from django.urls import path

from learning.registry.views import acts, pages

app_name = "registry"
urlpatterns = [
    path("models/", pages.version_list, name="versions"),
    path("models/rollback/", acts.rollback, name="rollback"),
    path("models/<str:name>/", pages.version, name="version"),
    path("models/<str:name>/promote/", acts.promote, name="promote"),
    path("models/<str:name>/shadow/", acts.shadow, name="shadow"),
    path("models/<str:name>/end-shadow/", acts.end_shadow, name="end-shadow"),
    path("models/<str:name>/evaluate/", acts.evaluate, name="evaluate"),
]
