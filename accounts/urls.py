from __future__ import annotations

from django.urls import path

from accounts import views, views_labs

app_name = "accounts"

urlpatterns = [
    path("labs/", views_labs.labs, name="labs"),
    path("labs/new/", views_labs.lab_new, name="lab_new"),
    path("labs/<str:lab_id>/", views_labs.lab, name="lab"),
    path("labs/<str:lab_id>/edit/", views_labs.lab_edit, name="lab_edit"),
    path("labs/<str:lab_id>/invites/", views_labs.member_invite, name="member_invite"),
    path("labs/<str:lab_id>/members/<str:user_id>/role/", views_labs.member_role, name="member_role"),
    path("labs/<str:lab_id>/members/<str:user_id>/remove/", views_labs.member_remove, name="member_remove"),
    path("labs/<str:lab_id>/keys/", views_labs.lab_keys, name="lab_keys"),
    path("invites/<str:invite_id>/", views_labs.invite, name="invite"),
    path("invites/<str:invite_id>/revoke/", views_labs.invite_revoke, name="invite_revoke"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.notices_read, name="notices_read"),
    path("me/", views.settings, name="settings"),
    path("me/keys/", views.tokens, name="tokens"),
    path("keys/<str:token_id>/revoke/", views.token_revoke, name="token_revoke"),
    path("agreements/<str:agreement_id>/", views.agreement, name="agreement"),
]
