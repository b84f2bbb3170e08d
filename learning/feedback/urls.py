"""Addresses of feedback."""

from django.urls import path

from learning.feedback.views import answers, consent, reporters

app_name = "feedback"
urlpatterns = [
    path("detections/<uuid:detection_id>/feedback/", answers.give, name="give"),
    path("detections/<uuid:detection_id>/consent/", consent.media, name="consent"),
    path("feedback/", answers.mine, name="mine"),
    path("feedback/consent/", consent.default, name="consent-default"),
    path("feedback/reporters/", reporters.table, name="reporters"),
    path("feedback/reporters/rebuild/", reporters.rebuild, name="rebuild"),
    path("feedback/reporters/<int:person_id>/aside/", reporters.set_aside, name="set-aside"),
    path("feedback/reporters/<int:person_id>/take-back/", reporters.take_back, name="take-back"),
    path("feedback/<uuid:feedback_id>/", answers.story, name="story"),
    path("feedback/<uuid:feedback_id>/withdraw/", answers.withdraw, name="withdraw"),
]
