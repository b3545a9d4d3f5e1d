"""`manage.py verify_credential FILE`: is this signed diploma sound, and is it the institution's?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from experts import trust
from experts.diplomas.documents import MAX_FILE
from experts.diplomas.verdicts import Outcome
from experts.diplomas.verifier import verify
from experts.models import Institution

EXIT = {Outcome.VERIFIED: 0, Outcome.REFUSED: 1, Outcome.UNVERIFIABLE: 2}


class Command(BaseCommand):
    help = (
        "Verify a signed diploma (JSON, JWT, or a PNG or SVG with a badge baked in) and print the verdict as JSON. "
        "Exits with 0 only where it is verified, with 1 where it is refused, with 2 where we cannot tell. "
        "Without --institution it says whether the credential is sound, whoever the issuer is; with it, the issuer "
        "must be on the list of trusted issuers as this institution."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--institution", metavar="ROR", help="ROR id of the institution that must have signed it")

    def handle(self, *args: Any, file: Path, institution: str | None, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                raw = opened.read(MAX_FILE + 1)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        now, fetch = timezone.now(), trust.network()
        if institution is None:
            found = trust.Examined(verify(raw, at=now, fetch=fetch), None)
        else:
            found = trust.examine(raw, at=now, fetch=fetch, claimed=_known(institution))
        whose = found.institution and {"ror_id": found.institution.ror_id, "name": found.institution.name}
        said = {**found.verdict.as_json(), "institution": whose, "issuer_checked": institution is not None}
        self.stdout.write(json.dumps(said, indent=2, ensure_ascii=False))
        if code := EXIT[found.verdict.outcome]:
            raise SystemExit(code)


def _known(ror: str) -> Institution:
    found = Institution.objects.filter(ror_id=ror.removeprefix("https://ror.org/")).first()
    if found is None:
        raise CommandError(f"No institution here has the ROR id {ror}.")
    return found
