"""What people type about money."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.forms import country_choices
from core.templatetags.ui import words
from payments.models import Earning
from payments.models.ops import ADJUSTABLE, ADJUSTABLE_OF_OTHERS
from payments.money import read
from payments.queries import route_to
from payments.statements import STATES

LEGS = (*ADJUSTABLE_OF_OTHERS, *ADJUSTABLE)


def payout_countries() -> list[tuple[str, str]]:
    """Every country, so that somebody whose country is not served is told so rather than left to search."""
    known = country_choices()
    served = [choice for choice in known if route_to(choice[0])]
    return [("", "Choose a country"), *served, *(choice for choice in known if choice not in served)]


class CountryForm(forms.Form):
    country = forms.ChoiceField(
        choices=payout_countries,
        label="Country where you are paid",
        help_text="Where you live and have your bank account. It cannot change once your details are given.",
        widget=forms.Select(attrs={"data-combo": ""}),
    )


class BankForm(forms.Form):
    """Where ops pay by hand. What fits stands in payments.bank; the browser is not to remember any of it."""

    holder = forms.CharField(max_length=140, label="Account holder", help_text="Your name, as the bank writes it.")
    account = forms.CharField(max_length=60, label="IBAN or account number")
    code = forms.CharField(max_length=30, label="SWIFT/BIC or national bank code", help_text="Such as IFSC or CLABE.")
    bank = forms.CharField(max_length=140, label="Name of the bank")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"


class BankFileForm(forms.Form):
    """The bank's answers, as the file that went out, filled in."""

    file = forms.FileField(label="The file, filled in")


class BankAnswerForm(forms.Form):
    """The bank's answer to one line. The names are the file's columns."""

    line = forms.CharField(max_length=40)
    result = forms.ChoiceField(choices=[("paid", "Paid"), ("failed", "Failed")])
    reference = forms.CharField(required=False, label="The bank's reference")
    date = forms.CharField(required=False, label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(required=False, label="Why it failed, for the expert to read")


class AdjustmentForm(forms.Form):
    """One entry by hand, of two legs. What fits stands in payments.actions.adjustments."""

    NAMED = "Whose it is: prj_… of a project, usr_… of a person; nothing for the house's own."

    debit = forms.ChoiceField(
        choices=[(kind, words(kind)) for kind in LEGS],
        help_text="What a project holds free and what a person is owed shrink by a debit and grow by a credit.",
    )
    debit_ref = forms.CharField(required=False, max_length=40, label="Whose", help_text=NAMED)
    credit = forms.ChoiceField(choices=[(kind, words(kind)) for kind in LEGS])
    credit_ref = forms.CharField(required=False, max_length=40, label="Whose", help_text=NAMED)
    amount = forms.CharField(max_length=20, label="Amount", help_text="Such as 12.50, in US dollars.")
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), label="Why. A second person posts it")

    def clean_amount(self) -> int:
        """Minor units; 0, which the action turns down, for what is no amount."""
        return read(self.cleaned_data["amount"])


class EarningsForm(forms.Form):
    """Which lines of the statement. The names are those of `narrowed`; what cannot be read narrows nothing."""

    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *STATES.items()])
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *Earning.Kind.choices])
    ref = forms.CharField(required=False, max_length=40)
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    q = forms.CharField(
        required=False, max_length=255, label="Reference", widget=forms.TextInput(attrs={"type": "search"})
    )
