"""Addresses below /api/rl/."""

from django.urls import path

from learning.retraining import api

app_name = "retraining-api"
urlpatterns = [
    path("rl/stats", api.Stats.as_view(), name="stats"),
    path("rl/retrain", api.Retrain.as_view(), name="retrain"),
    path("rl/runs/<int:run_id>", api.Run.as_view(), name="run"),
]
