"""Moments as XML Schema writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from experts.diplomas.verdicts import Problem, Reason

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?")


def instant(text: Any) -> datetime:
    """Without a zone it counts as UTC. Raises Problem."""
    if isinstance(text, str) and MOMENT.fullmatch(text):
        try:
            found = datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text))
        except ValueError:
            raise Problem(Reason.MALFORMED, f"no such moment: {text}") from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    raise Problem(Reason.MALFORMED, f"not a moment: {str(text)[:40]}")
