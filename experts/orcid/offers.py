"""What can be made of each line of an expert's record."""

from __future__ import annotations

from dataclasses import dataclass, field

from experts.models import Credential, Expert, OrcidItem
from experts.orcid.worth import PROVES, Worth, claim_in, speaks_of, worth
from experts.policies import OPEN_TO_EVIDENCE


@dataclass(frozen=True)
class Offer:
    """`fits`: open credentials of which the line is a proof; `claimable`: it says enough for a claim of its own."""

    item: OrcidItem
    worth: Worth
    fits: list[Credential] = field(default_factory=list)
    claimable: bool = False


def offers(expert: Expert) -> list[Offer]:
    """Education and qualifications, then employments, which prove no degree."""
    items = expert.orcid_items.exclude(kind=OrcidItem.Kind.WORK).select_related("institution", "credential")
    credentials = list(expert.credentials.all())
    return [_offer(item, credentials) for item in items.prefetch_related("institution__names")]


def _offer(item: OrcidItem, credentials: list[Credential]) -> Offer:
    if item.credential_id or item.kind not in PROVES:
        return Offer(item, worth(item))
    same = [credential for credential in credentials if speaks_of(item, credential)]
    fits = [credential for credential in same if credential.status in OPEN_TO_EVIDENCE]
    told = claim_in(item)
    enough = bool(told.level and told.field and item.ended and item.country)
    return Offer(item, worth(item), fits, claimable=enough and not same)
