"""Everything that can happen to experts, their credentials and the proof of them."""

from __future__ import annotations

from experts.actions.asking import ask_remotes
from experts.actions.assertions import take_down
from experts.actions.audience import (
    confirm_audience,
    discard_audience,
    forget_prospects,
    invite_prospects,
    note_joined,
    note_verified,
    suppress,
    take_audience,
    unsubscribe,
)
from experts.actions.credentials import (
    claim_credential,
    edit_claim,
    revoke_credential,
)
from experts.actions.desk import appeal_refusal, flag_credential, look_at, name_institution, save_template
from experts.actions.diplomas import add_diploma, distrust_issuer, trust_issuer, verify_diploma_again
from experts.actions.evidence import add_evidence, render_evidence
from experts.actions.institutions import Loaded, load_institutions
from experts.actions.joining import close_partner, edit_partner, make_partner, note_arrival, reopen_partner
from experts.actions.life import (
    Foretold,
    expire_credentials,
    foretell_revocation,
    plan_recheck,
    renew_credential,
    warn_of_ends,
)
from experts.actions.mail_domains import LoadedDomains, load_domains
from experts.actions.mailboxes import ask_mailbox, confirm_mailbox, forget_codes
from experts.actions.matches import rebuild_matches, refresh_match
from experts.actions.narrowing import answer_narrowing, lapse_narrowings, propose_narrowing
from experts.actions.orcid import (
    ask_orcid,
    claim_orcid_item,
    disconnect_orcid,
    use_orcid_item,
)
from experts.actions.privacy import delete_document, delete_old_documents, note_opening
from experts.actions.profiles import become_expert, edit_profile
from experts.actions.records import issue_record, rotate_issuer_key, withdraw_outdated, withdraw_record
from experts.actions.registers import ask_register, load_register
from experts.actions.sealing import seal_documents
from experts.actions.verdicts import (
    ask_for_more,
    deliver_verdicts,
    give_verdict,
    refuse_credential,
    undo_verdict,
    verify_credential,
)

__all__ = [
    "Foretold",
    "Loaded",
    "LoadedDomains",
    "add_diploma",
    "add_evidence",
    "answer_narrowing",
    "appeal_refusal",
    "ask_for_more",
    "ask_mailbox",
    "ask_orcid",
    "ask_register",
    "ask_remotes",
    "become_expert",
    "claim_credential",
    "claim_orcid_item",
    "close_partner",
    "confirm_audience",
    "confirm_mailbox",
    "delete_document",
    "delete_old_documents",
    "deliver_verdicts",
    "discard_audience",
    "disconnect_orcid",
    "distrust_issuer",
    "edit_claim",
    "edit_partner",
    "edit_profile",
    "expire_credentials",
    "flag_credential",
    "foretell_revocation",
    "forget_codes",
    "forget_prospects",
    "give_verdict",
    "invite_prospects",
    "issue_record",
    "lapse_narrowings",
    "load_domains",
    "load_institutions",
    "load_register",
    "look_at",
    "make_partner",
    "name_institution",
    "note_arrival",
    "note_joined",
    "note_opening",
    "note_verified",
    "plan_recheck",
    "propose_narrowing",
    "rebuild_matches",
    "refresh_match",
    "refuse_credential",
    "render_evidence",
    "renew_credential",
    "reopen_partner",
    "revoke_credential",
    "rotate_issuer_key",
    "save_template",
    "seal_documents",
    "suppress",
    "take_audience",
    "take_down",
    "trust_issuer",
    "undo_verdict",
    "unsubscribe",
    "use_orcid_item",
    "verify_credential",
    "verify_diploma_again",
    "warn_of_ends",
    "withdraw_outdated",
    "withdraw_record",
]
