"""Addresses of moderation."""

from django.urls import path

from detection.moderation.views import case, owner, queue, statistics

app_name = "moderation"
urlpatterns = [
    path("moderation/", queue.queue, name="queue"),
    path("moderation/live/", queue.live, name="live"),
    path("moderation/next/", queue.take_next, name="next"),
    path("moderation/statistics/", statistics.statistics, name="statistics"),
    path("moderation/statistics/export.csv", statistics.statistics_csv, name="statistics-csv"),
    path("moderation/blur/", queue.blur, name="blur"),
    path("moderation/cases/<int:case_id>/", case.case, name="case"),
    path("moderation/cases/<int:case_id>/claim/", case.claim, name="claim"),
    path("moderation/cases/<int:case_id>/release/", case.release, name="release"),
    path("moderation/cases/<int:case_id>/decide/", case.decide, name="decide"),
    path("moderation/cases/<int:case_id>/escalate/", case.escalate, name="escalate"),
    path("moderation/cases/<int:case_id>/make-known/", case.make_known, name="make-known"),
    path("moderation/decisions/<int:decision_id>/undo/", case.undo, name="undo"),
    path("detections/<uuid:detection_id>/dispute/", owner.dispute, name="dispute"),
    path("detections/<uuid:detection_id>/appeal/", owner.appeal, name="appeal"),
]
