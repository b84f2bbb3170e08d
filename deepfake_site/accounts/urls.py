"""Everything below /accounts/: Django's own views where they suffice, ours for register, profile and delete."""

from django.contrib.auth import views as auth
from django.urls import include, path

from deepfake_site.accounts import profile_views, views

urlpatterns = [
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("register/", views.register, name="register"),
    path("profile/", views.profile, name="profile"),
    path("sessions/end/", profile_views.end_session, name="end_session"),
    path("sessions/end-others/", profile_views.end_other_sessions, name="end_other_sessions"),
    path("retention/", profile_views.keep_files, name="keep_files"),
    path("export/", include("deepfake_site.exports.urls")),
    path("delete/", views.delete, name="account_delete"),
    path("password_change/", views.PasswordChange.as_view(), name="password_change"),
    path("password_reset/", auth.PasswordResetView.as_view(), name="password_reset"),
    path("password_reset/done/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("reset/<uidb64>/<token>/", auth.PasswordResetConfirmView.as_view(), name="password_reset_confirm"),
    path("reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
