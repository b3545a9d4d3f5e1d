"""The shapes of the REST door: how tasks and work are written as JSON, and what the schema says of them.

Answers are built by hand: on the way that every claim and every answer takes, serializers would cost more than the
database does. The serializers here describe them to the schema and check what comes in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from accounts.rest import JsonField
from payments.balances import Balance
from tasks.models import Export, Import, RejectReason, Report, Review, Submission, Task

Json = dict[str, Any]


class TaskShape(serializers.Serializer[Task]):
    id = serializers.CharField(source="public_id", read_only=True)
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=120, default="")
    priority = serializers.IntegerField(required=False, default=0, min_value=-(2**31), max_value=2**31 - 1)
    overlap = serializers.IntegerField(read_only=True)
    status = serializers.ChoiceField(choices=Task.Status.choices, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    payload = JsonField(help_text="As the project's kind of work asks.")


class TaskInWorkShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    payload = serializers.JSONField(help_text="As the project's kind of work asks.")


class WorkShape(serializers.Serializer[Submission]):
    """One piece of work as its expert sees it."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=Submission.Status.choices)
    project = serializers.CharField()
    task = TaskInWorkShape()
    instructions_version = serializers.IntegerField(allow_null=True)
    draft = serializers.JSONField(help_text="What was saved last; also what the product fixed before the start.")
    draft_version = serializers.IntegerField()
    response = serializers.JSONField(help_text="As handed in; empty before.")
    lease_until = serializers.DateTimeField(allow_null=True)
    pay = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField()
    started_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    decide_by = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    appeal_by = serializers.DateTimeField(allow_null=True)


class ReceiptShape(serializers.Serializer[Submission]):
    id = serializers.CharField()
    status = serializers.ChoiceField(choices=Submission.Status.choices)
    submitted_at = serializers.DateTimeField()
    decide_by = serializers.DateTimeField()


class DraftShape(serializers.Serializer[Any]):
    response = serializers.DictField(help_text="The unfinished answer, as it is.")
    version = serializers.IntegerField(min_value=0, help_text="`draft_version` that it was made from.")
    seconds = serializers.IntegerField(required=False, default=0, min_value=0, max_value=86_400)


class SavedShape(serializers.Serializer[Any]):
    draft_version = serializers.IntegerField()
    saved_at = serializers.DateTimeField()


class SubmitShape(serializers.Serializer[Any]):
    response = serializers.DictField(help_text="The answer, as the project's kind of work asks.")
    seconds = serializers.IntegerField(required=False, default=0, min_value=0, max_value=86_400)


class NoteShape(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=5_000)


class ReviewShape(serializers.Serializer[Review]):
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    reason = serializers.ChoiceField(choices=RejectReason.of_labs(), required=False, default="", allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=5_000)


class ReportShape(serializers.ModelSerializer[Report]):
    """`answer`: the words of whoever decided."""

    id = serializers.CharField(source="public_id", read_only=True)
    words = serializers.CharField(max_length=5_000)

    class Meta:
        model = Report
        fields = ("id", "status", "words", "reported_at", "decided_at", "answer")
        read_only_fields = ("status", "reported_at", "decided_at", "answer")


class AppealShape(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=5_000)


class RepairShape(serializers.Serializer[Any]):
    payload = JsonField()
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=5_000)


class TaskFileShape(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="JSON Lines or CSV, UTF-8, at most 200 MB.")
    format = serializers.ChoiceField(choices=Import.Format.choices, required=False, default="")


class ImportShape(serializers.Serializer[Import]):
    id = serializers.CharField(source="public_id")
    filename = serializers.CharField()
    format = serializers.ChoiceField(choices=Import.Format.choices)
    status = serializers.ChoiceField(choices=Import.Status.choices)
    rows = serializers.IntegerField(help_text="Read so far.")
    good = serializers.IntegerField()
    bad = serializers.IntegerField()
    done = serializers.IntegerField(help_text="Written so far; they become visible together.")
    error = serializers.CharField()
    created_at = serializers.DateTimeField()


class FaultShape(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    field = serializers.CharField()
    message = serializers.CharField()


class ExportShape(serializers.Serializer[Export]):
    id = serializers.CharField(source="public_id", read_only=True)
    format = serializers.CharField(max_length=24, help_text="A format of the project's kind of work.")
    status = serializers.ChoiceField(choices=Export.Status.choices, read_only=True)
    rows = serializers.IntegerField(read_only=True)
    left_out = serializers.IntegerField(read_only=True, help_text="Judgements that the format has no place for.")
    sha256 = serializers.CharField(read_only=True)
    error = serializers.CharField(read_only=True)
    requested_at = serializers.DateTimeField(read_only=True)
    finished_at = serializers.DateTimeField(read_only=True, allow_null=True)


class BalanceShape(serializers.Serializer[Balance]):
    """Minor units. `funded` = `pay` + `fees` + `processor` + `reserved` + `free` + `refunded` + `lost`."""

    funded = serializers.IntegerField()
    spent = serializers.IntegerField(help_text="`pay` + `fees`.")
    pay = serializers.IntegerField(help_text="To experts, for approved work.")
    fees = serializers.IntegerField(help_text="The platform's.")
    processor = serializers.IntegerField(help_text="What Stripe kept of the payments.")
    reserved = serializers.IntegerField(help_text="For open seats and undecided work.")
    free = serializers.IntegerField()
    refunded = serializers.IntegerField(help_text="On its way back, or there.")
    owed = serializers.IntegerField(help_text="To experts, beyond any reserve; `free` pays it first.")
    refundable = serializers.IntegerField(help_text="The part of `free` that can go back now.")
    lost = serializers.IntegerField(help_text="To lost disputes, less corrections by Quorum's staff.")


class ProgressShape(serializers.Serializer[Any]):
    tasks = serializers.DictField(child=serializers.IntegerField(), help_text="By status.")
    seats = serializers.DictField(child=serializers.IntegerField(), help_text="By status.")
    answers = serializers.DictField(child=serializers.IntegerField(), help_text="By status.")
    wanted = serializers.IntegerField(help_text="Answers that the tasks ask for.")
    agreement = serializers.FloatField(allow_null=True, help_text="Mean over pairs of the latest answers, 0…1.")
    agreement_pairs = serializers.IntegerField()
    money = BalanceShape()
    currency = serializers.CharField()


def work(submission: Submission) -> Json:
    """A WorkShape of a submission with its task, seat, project and instructions loaded."""
    version = submission.instructions
    seat = submission.seat
    return {
        "id": submission.public_id,
        "status": submission.status,
        "project": submission.project.public_id,
        "task": {"id": submission.task.public_id, "payload": for_expert(submission.task.payload)},
        "instructions_version": version.number if version else None,
        "draft": submission.draft,
        "draft_version": submission.draft_version,
        "response": submission.response,
        "lease_until": when(seat.lease_until),
        "pay": seat.pay,
        "currency": seat.currency,
        "started_at": when(submission.started_at),
        "submitted_at": when(submission.submitted_at),
        "decide_by": when(submission.decide_by),
        "decided_at": when(submission.decided_at),
        "reason": submission.reason,
        "appeal_by": when(submission.appeal_by),
    }


def for_expert(payload: Json) -> Json:
    """Without the lab's own fields."""
    return {name: value for name, value in payload.items() if name != "metadata"}


def receipt(submission: Submission) -> Json:
    return {
        "id": submission.public_id,
        "status": submission.status,
        "submitted_at": when(submission.submitted_at),
        "decide_by": when(submission.decide_by),
    }


def when(moment: datetime | None) -> str | None:
    """ISO 8601 with a Z, to the second's thousandth."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
