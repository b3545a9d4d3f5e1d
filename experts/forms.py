"""The browser's forms of experts."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import pycountry
from django import forms
from django.urls import reverse_lazy

from accounts.forms import Country
from core.errors import Fault, Invalid
from experts.diplomas.documents import MAX_FILE
from experts.models import Credential, Decision, DegreeLevel, Expert, Field, Institution
from experts.policies import EARLIEST_YEAR, JURISDICTIONS
from experts.queries import field_from_text
from experts.registry import institution_named

ACCEPTED = "application/pdf,image/jpeg,image/png"
UPLOAD_HELP = "PDF, JPEG or PNG, at most 10 MB and 20 pages. Only you and our reviewers ever see it."


@cache
def language_choices() -> list[tuple[str, str]]:
    """(ISO 639-1, name), by name."""
    known = [(lang.alpha_2, lang.name) for lang in pycountry.languages if hasattr(lang, "alpha_2")]
    return sorted(known, key=lambda choice: choice[1])


class ProfileForm(forms.Form):
    country = Country(label="Country you live in", help_text="Payouts depend on it.")
    headline = forms.CharField(
        max_length=120, required=False, help_text="One line, such as “Condensed-matter physicist”."
    )
    bio = forms.CharField(label="About your work", required=False, widget=forms.Textarea(attrs={"rows": 5}))
    languages = forms.MultipleChoiceField(
        choices=language_choices,
        help_text="Those in which you can work.",
        widget=forms.SelectMultiple(attrs={"data-combo": "Type to search"}),
    )
    former_names = forms.CharField(
        required=False,
        max_length=300,
        help_text="If documents bear them; several with commas between. Only ops see them.",
    )
    min_rate = forms.DecimalField(
        label="Lowest hourly rate",
        min_value=0,
        max_value=10_000,
        decimal_places=2,
        initial=0,
        help_text="We invite you to nothing below it. In US dollars an hour.",
    )
    weekly_hours = forms.IntegerField(label="Hours a week", min_value=1, max_value=80, initial=10)
    available = forms.BooleanField(
        label="I am available", required=False, initial=True, help_text="Unticked, nobody invites you."
    )

    def clean_former_names(self) -> list[str]:
        return [name.strip()[:120] for name in self.cleaned_data["former_names"].split(",") if name.strip()]

    def clean_min_rate(self) -> int:
        """Minor units."""
        dollars: Decimal = self.cleaned_data["min_rate"]
        return int(dollars * 100)

    @staticmethod
    def values_of(expert: Expert) -> dict[str, Any]:
        names = ("country", "headline", "bio", "languages", "weekly_hours", "available")
        former = ", ".join(expert.former_names)
        given = {name: getattr(expert, name) for name in names}
        return {**given, "min_rate": Decimal(expert.min_rate) / 100, "former_names": former}


# The title is read while it is typed.
READ = {
    "hx-get": reverse_lazy("experts:degree"),
    "hx-trigger": "input changed delay:400ms, change from:#id_country",
    "hx-target": "#degree-read",
    "hx-include": "[name=country],[name=level],[name=field]:checked,[name=field_search],[name^=proposed_]",
    "hx-sync": "this:replace",
}


class ClaimForm(forms.Form):
    title = forms.CharField(
        label="Degree",
        max_length=120,
        help_text="As on the document: “PhD in Physics”, “Dr. rer. nat.”, “MD”.",
        widget=forms.TextInput(attrs=READ),
    )
    level = forms.TypedChoiceField(coerce=int, choices=[("", "Choose a level"), *reversed(DegreeLevel.choices)])
    field_search = forms.CharField(label="Field of study", required=False, max_length=120)
    field = forms.CharField(required=False, max_length=4)
    institution_name = forms.CharField(
        label="Institution",
        max_length=200,
    )
    institution = forms.ModelChoiceField(Institution.objects.all(), required=False, to_field_name="ror_id")
    country = Country(
        label="Country of the institution", help_text="Taken from the institution if you chose one above."
    )
    year = forms.IntegerField(
        label="Year of the degree",
        min_value=EARLIEST_YEAR,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    name_on_document = forms.CharField(
        max_length=120, help_text="If it differs from your name now, add a proof of the change as a second document."
    )

    def clean(self) -> dict[str, Any]:
        """Field and institution as rows; what was chosen wins over what was typed."""
        data = self.cleaned_data
        data["field"] = field_from_text(data.get("field") or data.pop("field_search", ""))
        data.pop("field_search", None)
        if data["field"] is None:
            self.add_error("field_search", "Choose the field that comes closest.")
        typed, country = data.get("institution_name", ""), data.get("country", "")
        if chosen := data.get("institution"):
            data |= {"institution_name": chosen.name, "country": chosen.country}
        else:
            data["institution"] = institution_named(typed, country)
        return data

    @staticmethod
    def values_of(credential: Credential) -> dict[str, Any]:
        names = ("title", "level", "institution_name", "country", "year", "name_on_document")
        field: Field = credential.field
        known = credential.institution.ror_id if credential.institution else ""
        chosen = {"field": field.code, "field_search": field.label, "institution": known}
        return {**{name: getattr(credential, name) for name in names}, **chosen}


class Upload(forms.FileField):
    def __init__(self, *, required: bool = True) -> None:
        widget = forms.ClearableFileInput(attrs={"accept": ACCEPTED})
        super().__init__(
            label="Document", help_text=UPLOAD_HELP, allow_empty_file=True, widget=widget, required=required
        )


class NewClaimForm(ClaimForm):
    upload = Upload(required=False)


class LicenceForm(forms.Form):
    """A professional licence. The country is the jurisdiction's."""

    profession = forms.ChoiceField(choices=[("", "Choose a profession"), *Credential.Profession.choices])
    jurisdiction = forms.CharField(
        label="State or country", max_length=80, help_text="Where it allows you to work: California, Germany, US-CA."
    )
    number = forms.CharField(max_length=40, help_text="As its register has it.")
    title = forms.CharField(label="Licence", max_length=120, help_text="As it stands on it: “Physician and Surgeon”.")
    institution_name = forms.CharField(
        label="Who gave it", max_length=200, help_text="The board, bar or chamber: “Medical Board of California”."
    )
    field_search = forms.CharField(
        label="Field", max_length=120, help_text="Medicine, law, accounting, civil engineering."
    )
    year = forms.IntegerField(label="Since the year", min_value=EARLIEST_YEAR)
    expires_on = forms.DateField(
        label="Holds until",
        required=False,
        help_text="Empty if it has no end.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    name_on_document = forms.CharField(label="Name on it", max_length=120)

    def clean_jurisdiction(self) -> str:
        return jurisdiction_from_text(self.cleaned_data["jurisdiction"])

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["field"] = field_from_text(data.pop("field_search", ""))
        if data["field"] is None:
            self.add_error("field_search", "We know no field of this name. Try a wider one, such as “medicine”.")
        data["country"] = data.get("jurisdiction", "")[:2]
        return data

    @staticmethod
    def values_of(credential: Credential) -> dict[str, Any]:
        names = ("profession", "jurisdiction", "number", "title", "institution_name", "year", "expires_on")
        given = {name: getattr(credential, name) for name in (*names, "name_on_document")}
        return {**given, "field_search": credential.field.label}


def jurisdiction_from_text(text: str) -> str:
    """The ISO 3166 code of a country or a part of one, by code or name. Raises ValidationError."""
    typed = text.strip()
    if typed.upper() in JURISDICTIONS:
        return typed.upper()
    found: list[str] = [code for code, name in JURISDICTIONS.items() if name.casefold() == typed.casefold()]
    if not found:
        raise forms.ValidationError("We know no state or country of this name. Try its code, such as US-CA.")
    if len(found) > 1:
        raise forms.ValidationError(f"Several have this name: {', '.join(sorted(found))}. Give the code.")
    return found[0]


class EvidenceForm(forms.Form):
    upload = Upload()


class RenewalForm(EvidenceForm):
    """Of what has expired. A licence also says its new last day."""

    expires_on = forms.DateField(label="Holds until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, credential: Credential, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if credential.expires_on is None:
            del self.fields["expires_on"]
        self.order_fields(["expires_on", "upload"])


class RecheckForm(forms.Form):
    recheck_on = forms.DateField(required=False)


class NarrowingForm(forms.Form):
    field = forms.ModelChoiceField(Field.objects.all(), to_field_name="code")
    level = forms.IntegerField(required=False)
    words = forms.CharField(required=False, max_length=2_000)

    def clean_level(self) -> int:
        """0: a licence has none."""
        return self.cleaned_data["level"] or 0


def faults_of(form: forms.Form) -> None:
    """For buttons, which have no page of their own to mark: raises Invalid with all that is wrong."""
    if not form.is_valid():
        found = tuple(Fault(str(error), name) for name, errors in form.errors.items() for error in errors)
        raise Invalid(" ".join(fault.message for fault in found), faults=found)


class MailboxForm(forms.Form):
    address = forms.CharField(
        label="Your address there",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="We send a code to it, once. No lab ever sees the address.",
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"})
    )


class DiplomaForm(forms.Form):
    upload = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        help_text="JSON, JWT, or the picture (PNG, SVG) with the badge in it; at most 5 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".json,.jsonld,.jwt,.txt,.png,.svg"}),
    )
    text = forms.CharField(
        label="Or its text, pasted", required=False, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
    )

    def clean(self) -> dict[str, Any]:
        """`raw` and `filename` of the one that was given."""
        upload, text = self.cleaned_data.get("upload"), self.cleaned_data.get("text", "")
        if bool(upload) == bool(text):
            raise forms.ValidationError("Choose a file, or paste its text: one of both.")
        # One byte more than may be: the action says that it is too large.
        raw = upload.read(MAX_FILE + 1) if upload else text.encode()
        return {"raw": raw, "filename": upload.name if upload else "pasted"}


class IssuerForm(forms.Form):
    """What ops know of somebody who signs diplomas."""

    issuer = forms.CharField(max_length=255, help_text="A DID, or the https address that stands in its diplomas.")
    ror_id = forms.CharField(label="Institution", max_length=40, help_text="Its ROR id.")
    keys = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only where it publishes none that we can fetch: public keys (z6Mk…), one a line.",
    )
    why = forms.CharField(label="How we know", widget=forms.Textarea(attrs={"rows": 2}))

    def clean_ror_id(self) -> Institution:
        found = Institution.objects.filter(ror_id=self.cleaned_data["ror_id"].removeprefix("https://ror.org/")).first()
        if found is None:
            raise forms.ValidationError("No institution here has this ROR id.")
        return found

    def clean_keys(self) -> list[str]:
        return str(self.cleaned_data["keys"]).split()


class DecisionForm(forms.Form):
    """What ops say. `ask` and `refuse` need words that the expert reads; a template counts."""

    APPROVE, ASK, REFUSE = Decision.APPROVE, Decision.ASK, Decision.REFUSE

    decision = forms.ChoiceField(choices=Decision.choices)
    seen = forms.CharField(max_length=64, error_messages={"required": "Look at the credential, then decide."})
    template = forms.CharField(required=False, max_length=500)
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *Credential.RefusalReason.choices], required=False)
    message = forms.CharField(
        label="Words to the expert", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2_000
    )

    @property
    def words(self) -> str:
        """The template and what was written after it."""
        return " ".join(filter(None, (self.cleaned_data["template"], self.cleaned_data["message"].strip())))
