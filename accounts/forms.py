"""The browser's forms of accounts, and the lists that other apps' forms offer too."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import pycountry
from django import forms
from django.http import HttpRequest

from accounts.models import Role, User


@cache
def country_choices() -> list[tuple[str, str]]:
    """(ISO 3166-1 alpha-2, common name), by name."""
    named = [(country.alpha_2, getattr(country, "common_name", country.name)) for country in pycountry.countries]
    return sorted(named, key=lambda choice: choice[1])


def country_name(code: str) -> str:
    return dict(country_choices()).get(code, code)


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Region/City names of the zone database, and UTC."""
    cities = [
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))
    ]
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(cities))]


class Country(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=lambda: [("", "Choose a country"), *country_choices()], **kwargs)


CODE = re.compile(r"[a-z]{3}_[a-z2-7]{16}")  # as core.ids makes them


class SignupForm(forms.Form):
    """What allauth's sign-up asks in addition to address and password. accounts/adapter.py keeps it."""

    name = forms.CharField(
        label="Full name",
        max_length=120,
        help_text="As on your documents. People of a lab who review your work see it; its data has a pseudonym.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    # Filled in by the browser where scripts run; it can be changed later.
    time_zone = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput(attrs={"data-time-zone": ""}))
    via = forms.CharField(required=False, widget=forms.HiddenInput)  # the code of the link that led here
    field_order = ("name", "email", "password1")

    def clean_time_zone(self) -> str:
        given: str = self.cleaned_data["time_zone"]
        return given if given in available_timezones() else "UTC"

    def clean_via(self) -> str:
        given: str = self.cleaned_data["via"]
        return given if CODE.fullmatch(given) else ""

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth asks for this; the adapter has done it already."""


class PersonForm(forms.Form):
    name = forms.CharField(label="Full name", max_length=120, help_text="As on your documents.")
    time_zone = forms.ChoiceField(choices=zone_choices, help_text="Deadlines are shown in this zone.")
    shortcuts = forms.BooleanField(
        label="Single-key shortcuts", required=False, help_text="Keys such as J, K and 1 to 7 in the workbench."
    )


class LabForm(forms.Form):
    name = forms.CharField(label="Name of the lab", max_length=120)
    website = forms.URLField(
        assume_scheme="https", help_text="We look at it when we check who you are. Use the lab's own domain."
    )
    country = Country(help_text="Its public holidays do not count as business days.")
    time_zone = forms.ChoiceField(choices=zone_choices, help_text="Decision clocks run in business days of this zone.")


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MANAGER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class KeyForm(forms.Form):
    name = forms.CharField(label="What is it for?", max_length=80, help_text="Such as “nightly import”.")
