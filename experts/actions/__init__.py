"""Everything that can happen to experts, their credentials and the proof of them."""

from __future__ import annotations

from experts.actions.assertions import take_down
from experts.actions.credentials import (
    ask_for_more,
    claim_credential,
    edit_claim,
    refuse_credential,
    revoke_credential,
    verify_credential,
)
from experts.actions.evidence import add_evidence, render_evidence
from experts.actions.institutions import Loaded, load_institutions
from experts.actions.matches import rebuild_matches, refresh_match
from experts.actions.profiles import become_expert, edit_profile
from experts.actions.sealing import seal_documents

__all__ = [
    "Loaded",
    "add_evidence",
    "ask_for_more",
    "become_expert",
    "claim_credential",
    "edit_claim",
    "edit_profile",
    "load_institutions",
    "rebuild_matches",
    "refresh_match",
    "refuse_credential",
    "render_evidence",
    "revoke_credential",
    "seal_documents",
    "take_down",
    "verify_credential",
]
