"""Addresses of detections. The home page and the upload have theirs in deepfake_site.urls, without a namespace."""

from django.urls import path

from detection.views import actions, audit, history, how_good, media, result

app_name = "detection"
urlpatterns = [
    path("history/", history.history, name="history"),
    path("history/export.<str:form>", history.export, name="export"),
    path("how-good/", how_good.page, name="how-good"),
    path("audit/", audit.trail, name="audit"),
    path("audit/export.<str:form>", audit.export, name="audit-export"),
    path("detections/<uuid:detection_id>/", result.result, name="result"),
    path("detections/<uuid:detection_id>/status/", result.status, name="status"),
    path("detections/<uuid:detection_id>/evidence/", result.evidence, name="evidence"),
    path("detections/<uuid:detection_id>/evidence.json", result.evidence_json, name="evidence-json"),
    path("detections/<uuid:detection_id>/media/", media.original, name="media"),
    path("detections/<uuid:detection_id>/preview/", media.preview, name="preview"),
    path("detections/<uuid:detection_id>/frames/<int:index>/", media.frame, name="frame"),
    path("detections/<uuid:detection_id>/delete/", actions.delete, name="delete"),
    path("detections/<uuid:detection_id>/cancel/", actions.cancel, name="cancel"),
    path("detections/<uuid:detection_id>/run-again/", actions.run_again, name="run-again"),
]
