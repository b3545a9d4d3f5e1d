"""What people type about money."""

from __future__ import annotations

import pycountry
from django import forms

from payments.models import Earning
from payments.money import PAYABLE_COUNTRIES
from payments.statements import STATES


def country_choices() -> list[tuple[str, str]]:
    """Every country, so that somebody whose country is not served is told so rather than left to search."""
    known = sorted((country.name, country.alpha_2) for country in pycountry.countries)
    served = [(code, name) for name, code in known if code in PAYABLE_COUNTRIES]
    others = [(code, name) for name, code in known if code not in PAYABLE_COUNTRIES]
    return [("", "Choose a country"), *served, *others]


class CountryForm(forms.Form):
    country = forms.ChoiceField(
        choices=country_choices,
        label="Country where you are paid",
        help_text="Where you live and have your bank account. It cannot change once Stripe has your details.",
        widget=forms.Select(attrs={"data-combo": ""}),
    )


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
