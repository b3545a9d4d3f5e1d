"""The checks before a human looks, made anew whenever a claim or a proof changes."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from experts.models import Check, Credential
from experts.queries_checks import findings, related


@transaction.atomic
def run_checks(credential: Credential) -> list[Check]:
    """Of this credential, and of those in review with which it shares something. They advise, and change no state.

    Called in the transaction of each change, by those who hold the credential's lock.
    """
    for other in related(credential):
        _check(other)
    return _check(credential)


def _check(credential: Credential) -> list[Check]:
    Check.objects.filter(credential=credential).delete()
    return Check.objects.bulk_create(Check(credential=credential, **asdict(found)) for found in findings(credential))
