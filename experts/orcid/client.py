"""The public API of ORCID, version 3.0. It needs no token: all we read is what the person shows to everybody."""

from __future__ import annotations

from django.conf import settings

from experts.orcid.reader import Record, Unreadable, is_orcid, read
from experts.remote import Nonsense, ask

JSON = "application/vnd.orcid+json"


def record_of(orcid: str) -> Record:
    """The whole public record. Raises remote.Away and remote.Nonsense."""
    if not is_orcid(orcid):
        raise Nonsense("this is no ORCID iD")
    found = fetch(f"{orcid}/record")
    if found.orcid != orcid:
        raise Nonsense("it answered with somebody else's record")
    return found


def fetch(path: str) -> Record:
    """`path`: below the API's own address, made by us. Raises as `record_of`."""
    answer = ask(f"{settings.ORCID_API}/{path}", accept=JSON)
    try:
        found = read(answer.body)
    except Unreadable as problem:
        raise Nonsense(str(problem)) from None
    if answer.status != 200:
        raise Nonsense(f"it answered {answer.status}")
    return found
