"""Compare answers to one prompt: A/B on seven points, or three and more by rank; ties; a written reason.

Strength counts in payload order: −3 the first answer is much better, 0 a tie, +3 the second is much better.
Exports follow TRL's dataset formats (huggingface/trl, docs/source/dataset_formats.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.kinds.base import (
    MIN_REASON,
    Example,
    Format,
    Json,
    Metadata,
    Strict,
    Text,
    cells,
    good_text,
    shuffled,
    with_metadata,
)

slug: Final = "preference"
label: Final = "Compare answers"
summary: Final = "Experts say which of two or more answers is better, how much, and why."
guidance: Final = """\
Read the prompt, then every answer to its end before you choose.

- Judge what is right first, then what is clear, then what is short.
- The answers are shown in an order drawn by lot: the place of an answer says nothing.
- If two answers are equally good or equally bad, say so: a tie is a result.
- Name the place where the worse answer goes wrong. "A is better" is no reason.
"""

MAX_ANSWERS: Final = 10
LETTERS: Final = "ABCDEFGHIJ"
ORDINALS: Final = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
ONE_OF_SEVEN: Final = "Choose one of the seven points."
SAY_WHY: Final = f"Say why, in at least {MIN_REASON} characters."
POINTS: Final = (
    "{0} is much better",
    "{0} is better",
    "{0} is slightly better",
    "About the same",
    "{1} is slightly better",
    "{1} is better",
    "{1} is much better",
)

FORMATS: Final = (
    Format("lossless", "JSON Lines, everything", "Payload, response and provenance as they are kept here."),
    Format("trl_preference", "TRL preference", "prompt, chosen, rejected, margin. Ties have no place here."),
    Format("trl_unpaired", "TRL unpaired preference", "prompt, completion, label: true where nothing ranked above."),
)

COLUMNS: Final = "`prompt`, and one column for each answer, from the left: `answer_a`, `answer_b`, …"

EXAMPLE: Final = Example(
    payload={
        "prompt": "Why does ice float on water?",
        "answers": [
            {"id": "a", "text": "Ice is less dense: its crystal lattice holds the molecules further apart."},
            {"id": "b", "text": "Ice is colder, and cold things rise in water."},
        ],
    },
    response={
        "strength": -3,
        "order": ["b", "a"],
        "rationale": "The first names the lower density of the lattice; the second gets convection backwards.",
    },
    csv={
        "prompt": "Why does ice float on water?",
        "answer_a": "Ice is less dense: its crystal lattice holds the molecules further apart.",
        "answer_b": "Ice is colder, and cold things rise in water.",
    },
)


_IDENT: Final = re.compile(r"\A[\w.:-]{1,40}\Z")
PLAIN: Final = {"prompt", "answers", "metadata"}


class Message(Strict):
    role = serializers.ChoiceField(choices=["system", "user", "assistant"])
    content = Text()


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]})
class Prompt(serializers.Field[Any, Any, Any, Any]):
    """Text, or a conversation that ends with the user's turn."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            return Text().run_validation(data)
        if not isinstance(data, list) or not data:
            raise serializers.ValidationError("Give a text, or a list of messages with role and content.")
        messages = Message(data=data, many=True)
        messages.is_valid(raise_exception=True)
        if messages.validated_data[-1]["role"] != "user":
            raise serializers.ValidationError("The last message must be the user's.")
        return [dict(message) for message in messages.validated_data]

    def to_representation(self, value: Any) -> Any:
        return value


class Answer(Strict):
    id = serializers.RegexField(
        _IDENT,
        required=False,
        error_messages={"invalid": "Use up to 40 letters, digits and . : - _"},
    )
    text = Text()


class Payload(Strict):
    prompt = Prompt()
    answers = serializers.ListField(
        child=Answer(),
        min_length=2,
        max_length=MAX_ANSWERS,
        error_messages={
            "min_length": "Give at least two answers.",
            "max_length": f"Give at most {MAX_ANSWERS} answers.",
        },
    )
    metadata = Metadata(required=False)

    def validate_answers(self, answers: list[Json]) -> list[Json]:
        named = [{"id": LETTERS[index].lower(), **answer} for index, answer in enumerate(answers)]
        if len({answer["id"] for answer in named}) < len(named):
            raise serializers.ValidationError("Two answers have the same id.")
        return named


class Response(serializers.Serializer[Any]):
    strength = serializers.IntegerField(
        required=False,
        min_value=-3,
        max_value=3,
        help_text="Two answers: −3 the payload's first is much better, 0 a tie, +3 its second is much better.",
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), ONE_OF_SEVEN),
    )
    ranking = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ANSWERS, allow_null=True),
        required=False,
        help_text="Three answers and more: the place of each, in payload order; 1 is best, equal numbers tie.",
        error_messages={"required": "Rank the answers."},
    )
    order = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Answer ids as they were shown, from the left."
    )
    rationale = Text(
        min_length=MIN_REASON,
        error_messages=dict.fromkeys(("required", "blank", "min_length"), SAY_WHY),
    )

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if "payload" in self.context:  # the API's schema asks without one
            pair = len(self.context["payload"]["answers"]) == 2
            fields["strength"].required = pair
            fields["ranking"].required = not pair
        return fields

    def validate(self, attrs: Json) -> Json:
        ids = _ids(self.context["payload"])
        clean: Json = {}
        if len(ids) == 2:
            clean["strength"] = _strength(attrs)
        else:
            clean["ranking"] = _ranking(attrs, len(ids))
        order = attrs.get("order", ids)
        if sorted(order) != sorted(ids):
            raise serializers.ValidationError({"order": ["Name each answer of the task once."]})
        return {**clean, "order": order, "rationale": attrs["rationale"]}


def _strength(attrs: Json) -> int:
    if "ranking" in attrs:
        raise serializers.ValidationError({"ranking": ["This task has two answers: give `strength`."]})
    return int(attrs["strength"])


def _ranking(attrs: Json, count: int) -> list[int]:
    if "strength" in attrs:
        raise serializers.ValidationError({"strength": [f"This task has {count} answers: give `ranking`."]})
    ranking = attrs["ranking"]
    missing = [i for i in range(count) if i >= len(ranking) or ranking[i] is None]
    if missing:
        raise serializers.ValidationError({"ranking": {str(i): [f"Rank answer {i + 1}."] for i in missing}})
    if len(ranking) > count:
        raise serializers.ValidationError({"ranking": [f"This task has {count} answers, not {len(ranking)}."]})
    places = sorted(set(ranking))  # 1, 1, 3 and 1, 1, 2 say the same
    return [places.index(rank) + 1 for rank in ranking]


def payload_from_csv(row: Mapping[str, str]) -> Json:
    """Columns as in COLUMNS; a prompt that starts with `[` is read as a JSON list of messages."""
    prompt: Any = row.get("prompt", "")
    if prompt.startswith("[{"):
        with suppress(ValueError):  # a text that merely looks like JSON is a text
            prompt = json.loads(prompt)
    return {"prompt": prompt, "answers": [{"text": text} for text in cells(row, "answer_")]}


def quick_payload(data: Any) -> Json | None:
    if type(data) is not dict or not data.keys() <= PLAIN or not good_text(data.get("prompt")):
        return None
    answers = data.get("answers")
    if type(answers) is not list or not 2 <= len(answers) <= MAX_ANSWERS:
        return None
    named = []
    for letter, answer in zip(LETTERS.lower(), answers, strict=False):
        if type(answer) is not dict or not answer.keys() <= {"id", "text"} or not good_text(answer.get("text")):
            return None
        ident = answer.get("id", letter)
        if type(ident) is not str or not _IDENT.fullmatch(ident):
            return None
        named.append({"id": ident, "text": answer["text"]})
    if len({answer["id"] for answer in named}) < len(named):
        return None
    return with_metadata(data, {"prompt": data["prompt"], "answers": named})


def start(payload: Json, seed: str) -> Json:
    return {"order": shuffled(_ids(payload), seed)}


def present(payload: Json, response: Json) -> Json:
    """Answers in the order shown, with letters; the seven points with the value each stands for in payload order."""
    ids = _ids(payload)
    order = response.get("order")
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(ids):
        order = ids
    texts = {answer["id"]: answer["text"] for answer in payload["answers"]}
    ranks = response.get("ranking")
    ranks = ranks if isinstance(ranks, list) else []  # a draft may be anything
    answers = [
        {
            "id": ident,
            "field": f"ranking[{ids.index(ident)}]",
            "letter": LETTERS[place],
            "tint": LETTERS[place].lower(),
            "title": f"{ORDINALS[place]} answer",
            "text": texts[ident],
            "rank": str(ranks[ids.index(ident)] or "") if ids.index(ident) < len(ranks) else "",
        }
        for place, ident in enumerate(order)
    ]
    side = 1 if order[0] == ids[0] else -1
    chosen = str(response.get("strength", ""))
    points = [
        {"key": key, "value": value, "label": words.format("A", "B"), "checked": chosen == str(value)}
        for key, value, words in zip(range(1, 8), range(-3 * side, 4 * side, side), POINTS, strict=True)
    ]
    prompt = payload["prompt"]
    return {
        "messages": [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt,
        "answers": answers,
        "pair": len(ids) == 2,
        "points": points,
        "chosen": next((point for point in points if point["checked"]), None),
        "places": [str(place) for place in range(1, len(ids) + 1)],
        "order": order,
        "rationale": response.get("rationale", ""),
        "min_reason": MIN_REASON,
    }


def agreement(a: Json, b: Json) -> float | None:
    """Mean over pairs of answers: 1 both prefer the same one (or both tie), ½ only one ties, 0 opposed."""
    signs = list(zip(_signs(a), _signs(b), strict=True))
    return sum(1 - abs(x - y) / 2 for x, y in signs) / len(signs)


def rows(format: str, payload: Json, response: Json, meta: Json) -> Iterator[Json]:
    writers = {"lossless": _lossless, "trl_preference": _pairs, "trl_unpaired": _unpaired}
    yield from ({**row, **meta} for row in writers[format](payload, response))


def left_out(format: str, payload: Json, response: Json) -> int:
    return _signs(response).count(0) if format == "trl_preference" else 0


def _lossless(payload: Json, response: Json) -> Iterator[Json]:
    yield {"payload": payload, "response": response}


def _pairs(payload: Json, response: Json) -> Iterator[Json]:
    """One row for each pair that is no tie. Margin: strength of the preference, or places between the two."""
    places = _places(response)
    for i, j in combinations(range(len(places)), 2):
        if places[i] == places[j]:
            continue
        better, worse = (i, j) if places[i] < places[j] else (j, i)
        margin = float(abs(places[i] - places[j]))
        yield {
            **_turns(payload, chosen=_text(payload, better), rejected=_text(payload, worse)),
            "margin": margin,
        }


def _unpaired(payload: Json, response: Json) -> Iterator[Json]:
    places = _places(response)
    for index, place in enumerate(places):
        yield {**_turns(payload, completion=_text(payload, index)), "label": place == min(places)}


def _turns(payload: Json, **texts: str) -> Json:
    """TRL's standard columns for a text prompt, its conversational ones for a list of messages."""
    if isinstance(payload["prompt"], str):
        return {"prompt": payload["prompt"], **texts}
    turns = {name: [{"role": "assistant", "content": text}] for name, text in texts.items()}
    return {"prompt": payload["prompt"], **turns}


def _text(payload: Json, index: int) -> str:
    return str(payload["answers"][index]["text"])


def _ids(payload: Json) -> list[str]:
    return [answer["id"] for answer in payload["answers"]]


def _places(response: Json) -> list[int]:
    """A place for each answer in payload order, smaller is better; of two, they lie `strength` apart."""
    if "ranking" in response:
        return list(response["ranking"])
    return [0, -int(response["strength"])]


def _signs(response: Json) -> list[int]:
    """For each pair in payload order: −1 the former is better, 0 a tie, +1 the latter."""
    return [(x > y) - (x < y) for x, y in combinations(_places(response), 2)]
