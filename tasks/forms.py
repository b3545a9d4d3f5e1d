"""What people type on the pages of tasks. Rules live in the actions; a form only asks."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from core.nesting import deeper_than
from payments.causes import GROUPS
from projects.forms import Money
from tasks.models import RejectReason, Submission, Task
from tasks.rows import MAX_DEPTH, TOO_DEEP

_words = forms.Textarea(attrs={"rows": 4})


class UploadForm(forms.Form):
    upload = forms.FileField(
        label="File of tasks",
        help_text="JSON Lines (.jsonl) or CSV (.csv), one task a row, up to 100,000 rows.",
        widget=forms.ClearableFileInput(attrs={"accept": ".jsonl,.ndjson,.csv"}),
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
    )


class AcceptForm(forms.Form):
    note = forms.CharField(label="Words to the expert", required=False, max_length=4000, widget=_words)


class ReturnForm(forms.Form):
    note = forms.CharField(
        label="What should change",
        max_length=4000,
        widget=_words,
        help_text="The expert reads this beside the work and can hand it in again.",
        error_messages={"required": "Say what should change."},
    )


class RejectForm(forms.Form):
    reason = forms.ChoiceField(
        label="Reason",
        choices=[("", "Choose a reason"), *RejectReason.of_labs()],
        error_messages={"required": "Choose a reason from the list."},
    )
    note = forms.CharField(
        label="What is wrong, in words",
        max_length=4000,
        widget=_words,
        help_text="Name the place. The expert reads this and may appeal.",
        error_messages={"required": "Say what is wrong."},
    )


class ReportForm(forms.Form):
    words = forms.CharField(
        label="What shows it",
        max_length=4000,
        widget=_words,
        help_text="People of Quorum read this beside the answer and decide. The expert reads their words, not yours.",
        error_messages={"required": "Say what shows that it is spam or fraud."},
    )


class AppealForm(forms.Form):
    words = forms.CharField(
        label="Why the decision is wrong",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Somebody outside the lab reads this beside your work. You can appeal once.",
        error_messages={"required": "Say why the decision is wrong."},
    )


class ReleaseForm(forms.Form):
    class Why:
        CHOICES = (
            ("field", "It is outside my field"),
            ("broken", "The task is broken or cannot be answered"),
            ("unsafe", "The content is harmful"),
            ("time", "I have no time for it"),
        )

    why = forms.ChoiceField(label="Why are you giving it back?", choices=Why.CHOICES, widget=forms.RadioSelect)
    more = forms.CharField(
        label="Anything to add", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def note(self) -> str:
        """The reason in words, as the history keeps it."""
        words = dict(self.Why.CHOICES)[self.cleaned_data["why"]]
        more: str = self.cleaned_data["more"].strip()
        return f"{words}. {more}" if more else words


class WithdrawForm(forms.Form):
    note = forms.CharField(
        label="Why it is withdrawn",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Whoever holds a seat reads this and is paid.",
        error_messages={"required": "Say why, for whoever holds it."},
    )


class PayloadField(forms.JSONField):
    """JSON as people type it: whatever the reader stumbles over is theirs to mend, and stays as they typed it."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
        except RecursionError:
            raise forms.ValidationError(TOO_DEEP, code="too_deep") from None
        except ValueError as error:  # a number of thousands of digits
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
        if deeper_than(found, MAX_DEPTH):
            raise forms.ValidationError(TOO_DEEP, code="too_deep")
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput(data or "")  # never read again only to be shown


class RepairForm(forms.Form):
    payload = PayloadField(
        label="Payload (JSON)",
        widget=forms.Textarea(attrs={"rows": 16, "class": "mono", "spellcheck": "false"}),
        error_messages={"invalid": "This is not valid JSON."},
    )

    @classmethod
    def of(cls, task: Task, data: Any = None) -> RepairForm:
        shown = InvalidJSONInput(json.dumps(task.payload, indent=2, ensure_ascii=False))
        return cls(data, initial={"payload": shown})


class ExportForm(forms.Form):
    """`choices`: (format, label) of the project's kind."""

    format = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"] = forms.ChoiceField(choices=choices, widget=forms.RadioSelect)


class AppealAnswerForm(forms.Form):
    answer = forms.CharField(
        label="Answer to the expert",
        max_length=4000,
        widget=_words,
        error_messages={"required": "The expert reads this: say what you looked at and why."},
    )


SUBMISSION_STATES: list[tuple[str, str]] = [
    (Submission.Status.SUBMITTED, "Waiting for a decision"),
    (Submission.Status.RETURNED, "Returned"),
    (Submission.Status.ACCEPTED, "Accepted"),
    (Submission.Status.REJECTED, "Rejected"),
]


class RefundForm(forms.Form):
    amount = Money(label="Amount to send back")
    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="For your own records, and ours.",
        error_messages={"required": "Say why."},
    )


class LinesForm(forms.Form):
    """Which lines of a project's ledger; what cannot be read narrows nothing."""

    group = forms.ChoiceField(required=False, label="Kind", choices=[("", "Every kind"), *GROUPS.items()])
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
