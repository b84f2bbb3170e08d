"""Moderation below /api/."""

from django.urls import path

from detection.moderation import api

urlpatterns = [
    path("moderation/queue", api.Queue.as_view(), name="api_moderation_queue"),
    path("moderation/next", api.Next.as_view(), name="api_moderation_next"),
    path("moderation/cases/<int:case_id>", api.Case.as_view(), name="api_moderation_case"),
    path("moderation/cases/<int:case_id>/preview", api.Preview.as_view(), name="api_moderation_preview"),
    path("moderation/cases/<int:case_id>/claim", api.Claim.as_view(), name="api_moderation_claim"),
    path("moderation/cases/<int:case_id>/release", api.Release.as_view(), name="api_moderation_release"),
    path("moderation/cases/<int:case_id>/decide", api.Decide.as_view(), name="api_moderation_decide"),
    path("moderation/cases/<int:case_id>/escalate", api.Escalate.as_view(), name="api_moderation_escalate"),
    path("moderation/decisions/<int:decision_id>/undo", api.Undo.as_view(), name="api_moderation_undo"),
    path("detections/<uuid:detection_id>/review", api.OwnReview.as_view(), name="api_review"),
    path("detections/<uuid:detection_id>/dispute", api.Dispute.as_view(), name="api_dispute"),
    path("detections/<uuid:detection_id>/appeal", api.OwnAppeal.as_view(), name="api_appeal"),
]
