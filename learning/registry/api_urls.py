"""Model versions below /api/."""

from django.urls import path

from learning.registry import api

urlpatterns = [
    path("models", api.Versions.as_view(), name="api_models"),
    path("models/champion", api.Champion.as_view(), name="api_model_champion"),
    path("models/rollback", api.Rollback.as_view(), name="api_model_rollback"),
    path("models/<str:name>", api.Version.as_view(), name="api_model"),
    path("models/<str:name>/promote", api.Promotion.as_view(), name="api_model_promote"),
    path("models/<str:name>/shadow", api.Shadow.as_view(), name="api_model_shadow"),
    path("models/<str:name>/evaluate", api.Judgement.as_view(), name="api_model_evaluate"),
]
