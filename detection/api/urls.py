"""Addresses below /api/ that belong to detections, tokens and the API itself."""

from django.urls import path

from detection.api import detect, detections, documentation, token_views, usage

app_name = "api"
urlpatterns = [
    path("detect/image", detect.DetectImage.as_view(), name="detect-image"),
    path("detect/video", detect.DetectVideo.as_view(), name="detect-video"),
    path("detect/batch", detect.DetectBatch.as_view(), name="detect-batch"),
    path("history", detections.HistoryView.as_view(), name="history"),
    path("detections/<uuid:detection_id>", detections.DetectionView.as_view(), name="detection"),
    path("detections/<uuid:detection_id>/cancel", detections.CancelView.as_view(), name="cancel"),
    path("detections/<uuid:detection_id>/run-again", detections.RunAgainView.as_view(), name="run-again"),
    path("detections/<uuid:detection_id>/events", detections.EventsView.as_view(), name="events"),
    path("detections/<uuid:detection_id>/media", detections.MediaView.as_view(), name="media"),
    path("detections/<uuid:detection_id>/preview", detections.PreviewView.as_view(), name="preview"),
    path("detections/<uuid:detection_id>/frames/<int:index>", detections.FrameView.as_view(), name="frame"),
    path("usage", usage.UsageView.as_view(), name="usage"),
    path("tokens", token_views.TokensView.as_view(), name="tokens"),
    path("tokens/<uuid:token_id>", token_views.TokenView.as_view(), name="token"),
    path("tokens/<uuid:token_id>/rotate", token_views.RotateView.as_view(), name="rotate-token"),
    path("schema/", documentation.SchemaView.as_view(), name="schema"),
    path("docs/", documentation.DocsView.as_view(), name="docs"),
]
