from __future__ import annotations

from django.urls import path

from experts import (
    views,
    views_diplomas,
    views_joining,
    views_orcid,
    views_privacy,
    views_records,
    views_roads,
)

app_name = "experts"

urlpatterns = [
    path("expert/", views.profile, name="profile"),
    path("expert/edit/", views.profile_edit, name="profile_edit"),
    path("expert/credentials/new/", views.claim, name="claim"),
    path("expert/credentials/<str:credential_id>/", views.credential, name="credential"),
    path("expert/credentials/<str:credential_id>/edit/", views.claim_edit, name="claim_edit"),
    path("expert/credentials/<str:credential_id>/evidence/", views.evidence, name="evidence"),
    path("expert/credentials/<str:credential_id>/diploma/", views_diplomas.diploma, name="diploma"),
    path("expert/credentials/<str:credential_id>/appeal/", views.appeal, name="appeal"),
    path("expert/privacy/", views_privacy.privacy, name="privacy"),
    path("expert/documents/<str:document_id>/delete/", views_privacy.delete_document, name="document_delete"),
    path("expert/narrowings/<str:narrowing_id>/", views.narrowing, name="narrowing"),
    path("expert/credentials/<str:credential_id>/register/", views_roads.register, name="register"),
    path("expert/credentials/<str:credential_id>/mailbox/", views_roads.mailbox, name="mailbox"),
    path("expert/credentials/<str:credential_id>/mailbox/code/", views_roads.mailbox_code, name="mailbox_code"),
    path("expert/record/", views_records.mine, name="record_mine"),
    path("expert/record/make/", views_records.make, name="record_make"),
    path("expert/record/withdraw/", views_records.withdraw, name="record_withdraw"),
    path(".well-known/did.json", views_records.did_document, name="did_document"),
    path("records/status/<int:list_number>/", views_records.status_list, name="record_status"),
    path("records/verify/", views_records.verify, name="record_verify"),
    path("records/<str:record_id>/", views_records.record, name="record"),
    path("records/<str:record_id>/record.json", views_records.record_file, name="record_file"),
    path("records/<str:record_id>/qr.svg", views_records.record_qr, name="record_qr"),
    path("expert/orcid/", views_orcid.orcid, name="orcid"),
    path("expert/orcid/read/", views_orcid.read, name="orcid_read"),
    path("expert/orcid/disconnect/", views_orcid.disconnect, name="orcid_disconnect"),
    path("expert/orcid/<str:item_id>/claim/", views_orcid.claim, name="orcid_claim"),
    path("expert/orcid/<str:item_id>/use/<str:credential_id>/", views_orcid.use, name="orcid_use"),
    path("evidence/<str:evidence_id>/pages/<int:number>/", views.evidence_page, name="evidence_page"),
    path("expert/invite/", views_joining.invite, name="invite"),
    path("join/<str:code>/", views_joining.join, name="join"),
    path("partners/<slug:slug>/", views_joining.partner, name="partner"),
    path("partners/<slug:slug>/logo.png", views_joining.partner_logo, name="partner_logo"),
    path("degrees/read/", views.degree, name="degree"),
    path("unsubscribe/<str:token>/", views_joining.unsubscribe, name="unsubscribe"),
    path("fields/search/", views.fields, name="fields"),
    path("institutions/search/", views.institutions, name="institutions"),
    path("fields/search.json", views.fields_json, name="fields_json"),
]
