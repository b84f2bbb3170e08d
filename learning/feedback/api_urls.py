"""Addresses of feedback below /api/."""

from django.urls import path

from learning.feedback import api

app_name = "feedback-api"
urlpatterns = [
    path("feedback", api.FeedbackListView.as_view(), name="list"),
    path("feedback/<uuid:feedback_id>", api.FeedbackView.as_view(), name="one"),
]
