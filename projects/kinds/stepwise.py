"""Label each step of a solution, and correct the first wrong one.

Steps count from 0; ratings are −1 bad, 0 unsure, +1 good. Shaped after PRM800K (openai/prm800k, README;
Lightman et al. 2023, "Let's Verify Step by Step"), whose labellers also stop at the first wrong step.
Exports follow that file's shape and TRL's dataset formats (huggingface/trl, docs/source/dataset_formats.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rest_framework import serializers

from projects.kinds.base import Example, Format, Json, Metadata, Strict, Text, cells, good_text, with_metadata

slug: Final = "stepwise"
label: Final = "Check steps"
summary: Final = "Experts rate each step of a solution and correct the first one that is wrong."
guidance: Final = """\
Read the problem and solve it in outline before you read the steps.

- **Good**: true, and it moves on from the steps before it. **Bad**: wrong, or built on something wrong.
  **Unsure**: true but useless, or you cannot tell.
- Rate every step up to the first bad one. What comes after it you may leave.
- Write the first bad step as it should have been, so that the solution could go on from there.
- If every step is good, there is nothing to correct.
"""

MAX_STEPS: Final = 200
# value, words, class, tone, key
PICKS: Final = (
    (1, "Good", "good", "success", "G"),
    (-1, "Bad", "bad", "danger", "B"),
    (0, "Unsure", "unsure", "warning", "U"),
)

FORMATS: Final = (
    Format("lossless", "JSON Lines, everything", "Payload, response and provenance as they are kept here."),
    Format("prm800k", "PRM800K", "question and label as in openai/prm800k, with the written correction."),
    Format("trl_stepwise", "TRL stepwise, unsure is good", "prompt, completions, labels; an unsure step is good."),
    Format("trl_stepwise_strict", "TRL stepwise, unsure is bad", "The same; an unsure step counts as bad."),
    Format("trl_stepwise_drop", "TRL stepwise, unsure unlabelled", "The same; an unsure step joins the next one."),
    Format("trl_preference", "TRL preference", "The correction against the first bad step. Right solutions have none."),
)
NEUTRAL_AS: Final = {"trl_stepwise": True, "trl_stepwise_strict": False, "trl_stepwise_drop": None}

COLUMNS: Final = "`problem`, if there is one `reference`, and one column for each step: `step_1`, `step_2`, …"

EXAMPLE: Final = Example(
    payload={
        "problem": "Three pens cost $1.20 each. What do they cost with 10 % off?",
        "steps": ["3 × 1.20 = 3.60", "10 % of 3.60 is 0.63", "3.60 − 0.63 = 2.97"],
        "reference": "3.24",
    },
    response={"ratings": [1, -1, None], "first_wrong": 1, "correction": "10 % of 3.60 is 0.36", "comment": ""},
    csv={
        "problem": "Three pens cost $1.20 each. What do they cost with 10 % off?",
        "reference": "3.24",
        "step_1": "3 × 1.20 = 3.60",
        "step_2": "10 % of 3.60 is 0.63",
        "step_3": "3.60 − 0.63 = 2.97",
    },
)


PLAIN: Final = {"problem", "steps", "reference", "metadata"}


class Payload(Strict):
    problem = Text()
    steps = serializers.ListField(
        child=Text(), min_length=1, max_length=MAX_STEPS, error_messages={"min_length": "Give at least one step."}
    )
    reference = Text(required=False, help_text="A solution or answer known to be right; experts see it.")
    metadata = Metadata(required=False)


class Response(serializers.Serializer[Any]):
    ratings = serializers.ListField(
        child=serializers.IntegerField(min_value=-1, max_value=1, allow_null=True),
        required=False,
        help_text="−1, 0 or 1 for each step up to the first bad one; null or left out behind it.",
    )
    first_wrong = serializers.IntegerField(
        required=False, allow_null=True, help_text="Index of the first step rated −1, from 0; null if there is none."
    )
    correction = Text(required=False, allow_blank=True)
    comment = Text(required=False, allow_blank=True)

    def validate(self, attrs: Json) -> Json:
        ratings = _ratings(attrs.get("ratings", []), len(self.context["payload"]["steps"]))
        first_wrong = ratings.index(-1) if -1 in ratings else None
        if "first_wrong" in attrs and attrs["first_wrong"] != first_wrong:
            found = "No step is" if first_wrong is None else f"Step {first_wrong + 1} is the first that is"
            words = f"{found} rated bad."
            raise serializers.ValidationError({"first_wrong": [words]})
        return {
            "ratings": ratings,
            "first_wrong": first_wrong,
            "correction": _correction(attrs.get("correction", ""), first_wrong),
            "comment": attrs.get("comment", ""),
        }


def _ratings(given: list[int | None], count: int) -> list[int | None]:
    if len(given) > count:
        raise serializers.ValidationError({"ratings": [f"This task has {count} steps, not {len(given)}."]})
    ratings = given + [None] * (count - len(given))
    needed = ratings.index(-1) if -1 in ratings else count
    missing = [i for i in range(needed) if ratings[i] is None]
    if missing:
        words = "Rate step {}: good, bad or unsure."
        raise serializers.ValidationError({"ratings": {str(i): [words.format(i + 1)] for i in missing}})
    return ratings


def _correction(text: str, first_wrong: int | None) -> str:
    if first_wrong is not None and not text.strip():
        words = f"Write step {first_wrong + 1} as it should have been."
        raise serializers.ValidationError({"correction": [words]})
    if first_wrong is None and text.strip():
        raise serializers.ValidationError({"correction": ["No step is rated bad, so there is nothing to correct."]})
    return text if first_wrong is not None else ""


def payload_from_csv(row: Mapping[str, str]) -> Json:
    """Columns as in COLUMNS, or one column `steps` with a JSON list of texts."""
    steps: Any = cells(row, "step_")
    if row.get("steps"):
        try:
            steps = json.loads(row["steps"])
        except ValueError:
            steps = row["steps"]  # the serializer says what is wrong with it
    payload: Json = {"problem": row.get("problem", ""), "steps": steps}
    if row.get("reference"):
        payload["reference"] = row["reference"]
    return payload


def quick_payload(data: Any) -> Json | None:
    if type(data) is not dict or not data.keys() <= PLAIN or not good_text(data.get("problem")):
        return None
    steps = data.get("steps")
    if type(steps) is not list or not 1 <= len(steps) <= MAX_STEPS or not all(map(good_text, steps)):
        return None
    payload = {"problem": data["problem"], "steps": steps}
    if "reference" in data:
        if not good_text(data["reference"]):
            return None
        payload["reference"] = data["reference"]
    return with_metadata(data, payload)


def start(payload: Json, seed: str) -> Json:
    return {}


def present(payload: Json, response: Json) -> Json:
    """Steps with what was chosen for each, as text so that a draft of a form reads the same as a response."""
    given = response.get("ratings")
    given = given if isinstance(given, list) else []  # a draft may be anything
    ratings = [str(r) if r is not None else "" for r in given]
    first_wrong = ratings.index("-1") if "-1" in ratings else None
    steps = []
    for index, text in enumerate(payload["steps"]):
        rating = ratings[index] if index < len(ratings) else ""
        picks = [
            {"value": value, "label": words, "css": css, "tone": tone, "key": key, "checked": rating == str(value)}
            for value, words, css, tone, key in PICKS
        ]
        steps.append(
            {
                "field": f"ratings[{index}]",
                "number": index + 1,
                "text": text,
                "rating": rating,
                "picks": picks,
                "chosen": next((pick for pick in picks if pick["checked"]), None),
                "first_wrong": index == first_wrong,
            }
        )
    return {
        "problem": payload["problem"],
        "reference": payload.get("reference", ""),
        "steps": steps,
        "first_wrong": None if first_wrong is None else steps[first_wrong],
        "correction": response.get("correction", ""),
        "comment": response.get("comment", ""),
    }


def agreement(a: Json, b: Json) -> float | None:
    """Mean over the steps that both rated: 1 the same, ½ one is unsure, 0 opposed. None if no step is shared."""
    both = [(x, y) for x, y in zip(a["ratings"], b["ratings"], strict=True) if x is not None and y is not None]
    if not both:
        return None
    return float(sum(1 - abs(x - y) / 2 for x, y in both) / len(both))


def rows(format: str, payload: Json, response: Json, meta: Json) -> Iterator[Json]:
    if format == "lossless":
        yield {"payload": payload, "response": response, **meta}
    elif format == "prm800k":
        yield _prm800k(payload, response, meta)
    elif format == "trl_preference":
        yield from ({**row, **meta} for row in _correction_pair(payload, response))
    else:
        row = _supervision(payload, response, NEUTRAL_AS[format])
        if row["completions"]:
            yield {**row, **meta}


def left_out(format: str, payload: Json, response: Json) -> int:
    """Preference rows need a wrong step; without unsure steps a row may have no label left."""
    if format in {"lossless", "prm800k"}:
        return 0
    return 0 if any(True for _ in rows(format, payload, response, {})) else 1


def _supervision(payload: Json, response: Json, neutral_as: bool | None) -> Json:
    """TRL stepwise supervision. `neutral_as` None: an unsure step's text joins the next labelled step, so that the
    chain has no hole and no label is invented; behind the last label it is left away."""
    completions: list[str] = []
    labels: list[bool] = []
    waiting: list[str] = []
    for text, rating in zip(payload["steps"], response["ratings"], strict=True):
        if rating is None:
            break
        waiting.append(text)
        if rating == 0 and neutral_as is None:
            continue
        completions.append("\n".join(waiting))
        labels.append(rating == 1 or (rating == 0 and neutral_as is True))
        waiting = []
    return {"prompt": payload["problem"], "completions": completions, "labels": labels}


def _correction_pair(payload: Json, response: Json) -> Iterator[Json]:
    wrong = response["first_wrong"]
    if wrong is None:
        return
    before = "\n".join([payload["problem"], *payload["steps"][:wrong]])
    yield {"prompt": before + "\n", "chosen": response["correction"], "rejected": payload["steps"][wrong]}


def _prm800k(payload: Json, response: Json, meta: Json) -> Json:
    wrong = response["first_wrong"]
    steps = []
    for index, (text, rating) in enumerate(zip(payload["steps"], response["ratings"], strict=True)):
        if rating is None:
            break
        human = {"text": response["correction"], "rating": None, "source": "human", "flagged": None}
        steps.append(
            {
                "completions": [{"text": text, "rating": rating, "flagged": None}],
                "human_completion": human if index == wrong else None,
                "chosen_completion": None if index == wrong else 0,
            }
        )
    seconds = meta.get("meta_active_seconds")
    return {
        "labeler": meta.get("meta_expert_pid"),
        "timestamp": meta.get("meta_submitted_at"),
        "generation": None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {
            "problem": payload["problem"],
            "ground_truth_solution": None,
            "ground_truth_answer": payload.get("reference"),
            "pre_generated_steps": payload["steps"],
            "pre_generated_answer": None,
            "pre_generated_verifier_score": None,
        },
        "label": {
            "steps": steps,
            "total_time": None if seconds is None else seconds * 1000,  # milliseconds
            "finish_reason": "solution" if wrong is None else "found_error",
        },
        "comment": response["comment"],
        **meta,
    }
