"""Addresses below /learning/."""

from django.urls import path

from learning.retraining import views

app_name = "retraining"
urlpatterns = [
    path("", views.learning, name="learning"),
    path("train/", views.train, name="train"),
    path("runs/<int:run_id>/", views.run, name="run"),
    path("runs/<int:run_id>/live/", views.live, name="live"),
    path("runs/<int:run_id>/cancel/", views.cancel, name="cancel"),
]
