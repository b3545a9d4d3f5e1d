"""What every kind of expert work states about itself, and the tools that all kinds share.

A kind is a module that satisfies `Kind`; docs/kinds.md shows how to add one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from core.errors import Fault

Json = dict[str, Any]

MAX_TEXT = 100_000  # characters of one prompt, answer or step
MIN_REASON = 40  # characters of a rationale: a sentence, not a word


class Format(NamedTuple):
    """One shape in which finished work leaves the house."""

    slug: str  # at most 24 characters
    label: str
    help: str


@dataclass(frozen=True)
class Example:
    """One task of the kind, a right answer to it, and the same task as a line of CSV."""

    payload: Json
    response: Json
    csv: Mapping[str, str]


class Kind(Protocol):
    """The contract. Every promise in it is tested for every kind by tests/kinds/test_promises.py."""

    @property
    def slug(self) -> str: ...
    @property
    def label(self) -> str:
        """What the lab chooses: a verb and an object."""

    @property
    def summary(self) -> str:
        """One sentence for the lab that chooses it."""

    @property
    def guidance(self) -> str:
        """What an expert needs to know before the project's own instructions; Markdown."""

    @property
    def Payload(self) -> type[serializers.Serializer[Any]]:  # noqa: N802
        """What a lab supplies for one task."""

    @property
    def Response(self) -> type[serializers.Serializer[Any]]:  # noqa: N802
        """What an expert hands in. Needs `context={"payload": …}`; takes JSON, or what `parse_form` returns."""

    @property
    def FORMATS(self) -> tuple[Format, ...]: ...  # noqa: N802
    @property
    def EXAMPLE(self) -> Example: ...  # noqa: N802
    @property
    def COLUMNS(self) -> str:  # noqa: N802
        """The columns of a CSV of tasks, in words."""

    def payload_from_csv(self, row: Mapping[str, str]) -> Json:
        """One line of CSV as a payload, not yet validated."""

    def quick_payload(self, data: Any) -> Json | None:
        """The cleaned payload of data that is plainly right, or None where `Payload` must judge and find words.

        Imports ask it first: it costs a tenth. It never says other than `Payload` does.
        """

    def start(self, payload: Json, seed: str) -> Json:
        """What the server fixes before the expert begins, such as the order in which answers are shown.

        The same seed gives the same result; the caller merges it over what comes back.
        """

    def present(self, payload: Json, response: Json) -> Json:
        """What the templates `answer` and `show` need, ready to print. `response` may be an unfinished draft."""

    def agreement(self, a: Json, b: Json) -> float | None:
        """How far two valid responses to one payload agree: 0 opposed … 1 the same; None where nothing compares."""

    def rows(self, format: str, payload: Json, response: Json, meta: Json) -> Iterator[Json]:
        """Export rows of one submission, `meta` (see `provenance`) in each. KeyError for a format not in FORMATS."""

    def left_out(self, format: str, payload: Json, response: Json) -> int:
        """How many judgements of this submission `format` has no place for, so that an export can say so."""


_INDEXED = re.compile(r"(\w+)\[(\d{1,3})\]")


def parse_form(data: QueryDict) -> Json:
    """A form post as the JSON that `Response` takes.

    `name[3]=x` becomes place 3 of the list `name`, with None where nothing was posted; an empty value counts as
    not posted. The CSRF token stays out. Numbers stay text: the serializer reads them.
    """
    plain: Json = {}
    lists: dict[str, dict[int, str]] = {}
    for key in data:
        value = str(data[key])
        if value == "" or key == "csrfmiddlewaretoken":
            continue
        if match := _INDEXED.fullmatch(key):
            lists.setdefault(match[1], {})[int(match[2])] = value
        else:
            plain[key] = value
    for name, places in lists.items():
        plain[name] = [places.get(index) for index in range(max(places) + 1)]
    return plain


def faults(errors: Any, path: str = "") -> tuple[Fault, ...]:
    """Serializer errors, flat: `{"steps": {2: ["…"]}}` → Fault("…", "steps[2]")."""
    if isinstance(errors, Mapping):
        return tuple(fault for key, value in errors.items() for fault in faults(value, _join(path, key)))
    if isinstance(errors, list) and errors and all(isinstance(entry, Mapping) for entry in errors):
        return tuple(f for index, value in enumerate(errors) for f in faults(value, _join(path, index)))
    words = errors if isinstance(errors, list) else [errors]
    return tuple(Fault(str(word), path) for word in words)


def _join(path: str, key: Any) -> str:
    if key == "non_field_errors":
        return path
    if isinstance(key, int) or str(key).isdigit():
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know: a misspelt optional field must not vanish without a word.

    `beside` in the context names what may stand beside its fields, where somebody else has taken it out already.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := [key for key in data if key not in self.fields]):
            known = ", ".join([*self.fields, *(self.context.get("beside", ()) if self.root is self else ())])
            raise serializers.ValidationError({str(key): [f"Unknown field. Known are: {known}."] for key in unknown})
        return super().to_internal_value(data)


def sound(text: str) -> bool:
    """Whether PostgreSQL can keep it: no null character, no half of a surrogate pair."""
    if text.isascii():  # known without looking, unlike the answer of `encode`
        return "\x00" not in text
    try:
        return "\x00" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False


def good_text(value: Any) -> bool:
    """Whether `Text` takes the value as it is."""
    return type(value) is str and 0 < len(value) <= MAX_TEXT and not value.isspace() and sound(value)


class Text(serializers.CharField):
    """Text kept to the character: not trimmed, and not blank."""

    default_error_messages: ClassVar = {"unsound": "Null characters and halves of surrogate pairs are not allowed."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_TEXT, "trim_whitespace": False, **kwargs})
        slow = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
        self.validators = [each for each in self.validators if not isinstance(each, slow)]  # `sound` does both

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if not data.strip() and not self.allow_blank:
            self.fail("blank")
        if not sound(data):
            self.fail("unsound")
        return super().to_internal_value(data)


_NULL_ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def unstorable(value: Any) -> str:
    """Why PostgreSQL's jsonb cannot hold it, in words; empty if it can."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except ValueError:
        return "NaN and Infinity are not JSON."
    if _NULL_ESCAPED.search(text) or not sound(text):
        return "Null characters and halves of surrogate pairs are not allowed."
    return ""


def metadata_fault(value: Any) -> str:
    """Why it cannot be a task's metadata, in words; empty if it can."""
    if not isinstance(value, dict):
        return "Expected an object of your own fields."
    if fault := unstorable(value):
        return fault
    long = len(json.dumps(value, ensure_ascii=False)) > MAX_TEXT
    return f"Ensure this has no more than {MAX_TEXT} characters as JSON." if long else ""


class Metadata(serializers.JSONField):
    """The lab's own fields: kept, exported, never shown to experts."""

    def to_internal_value(self, data: Any) -> Any:
        if fault := metadata_fault(data):
            raise serializers.ValidationError(fault)
        return super().to_internal_value(data)


def with_metadata(data: Json, payload: Json) -> Json | None:
    """The payload with the lab's own fields, if there are any; None where they are not fit to keep."""
    if "metadata" not in data:
        return payload
    return None if metadata_fault(data["metadata"]) else {**payload, "metadata": data["metadata"]}


def cells(row: Mapping[str, str], prefix: str) -> list[str]:
    """The filled cells of the columns `prefix` + anything, in the order of the header: answer_a, answer_b …"""
    return [value for name, value in row.items() if name.startswith(prefix) and value]


def shuffled(items: list[str], seed: str) -> list[str]:
    """An order that depends on the seed alone, the same on every machine."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}/{item}".encode()).digest())


def pseudonym(secret: str, lab: str, expert: str) -> str:
    """An expert's name towards one lab: stable inside it, useless for joining the data of two labs (HMAC-SHA256)."""
    return "xp_" + hmac.new(secret.encode(), f"{lab}/{expert}".encode(), hashlib.sha256).hexdigest()[:16]


def content_sha256(payload: Json, response: Json) -> str:
    """Hex digest of payload and response as sorted, compact JSON."""
    return hashlib.sha256(_SORTED.encode([payload, response]).encode()).hexdigest()


_SORTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def provenance(**facts: Any) -> Json:
    """The `meta_` columns that every exported row carries (design: FORMATS §6.8); every row has every column.

    Raises TypeError for a column that does not exist.
    """
    if unknown := set(facts) - set(PROVENANCE):
        raise TypeError(f"Unknown provenance: {', '.join(sorted(unknown))}")
    return {f"meta_{name}": facts.get(name) for name in PROVENANCE}


PROVENANCE = (
    "item_id",  # public id of the task
    "external_id",  # the lab's own
    "submission_id",
    "kind",
    "content_sha256",
    "expert_pid",  # see pseudonym()
    "credential_level",  # ISCED level, 6…8
    "field",  # ISCED-F codes of the verified credentials, comma-separated
    "verification_method",
    "verified_at",  # all times: ISO 8601, UTC
    "instruction_version",
    "started_at",
    "submitted_at",
    "active_seconds",
    "review",  # JSON text: [{"role", "verdict", "reason_code", "at"}]
    "licence",
    "consent_id",
    "paid_status",
)
