"""The browser's forms of projects: the wizard's steps, funds, applications."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.urls import reverse_lazy

from accounts.forms import country_choices
from accounts.models import Agreement, Lab, User
from accounts.queries import current_agreements
from accounts.roles import LAB_ROLES, Permission
from experts.fields import CATCH_ALL
from experts.forms import language_choices
from experts.models import DegreeLevel, Field
from payments.models import Funding
from projects.kinds import CHOICES
from projects.models import Project

MAX_TASKS = 1_000_000
COMBO = {"data-combo": "Type to search"}


def field_choices() -> list[tuple[str, str]]:
    """Every field of ISCED-F, first what people study, then the wider ones, which say that they cover those below."""

    def narrow_first(named: tuple[str, str]) -> tuple[bool, bool, str, str]:
        code, label = named
        return label.endswith(CATCH_ALL), len(code) < 4, label, code

    named = sorted(Field.objects.values_list("code", "label"), key=narrow_first)
    return [(code, label if len(code) == 4 else f"{label} (whole area {code})") for code, label in named]


def labs_of(user: User) -> list[Lab]:
    """Labs in which this person may write projects."""
    roles = [role for role, permissions in LAB_ROLES.items() if Permission.PROJECT_EDIT in permissions]
    return list(Lab.objects.visible_to(user).filter(memberships__user=user, memberships__role__in=roles).distinct())


class Money(forms.DecimalField):
    """Dollars on the page, minor units in `cleaned_data`: 0 for nothing."""

    def __init__(self, **kwargs: Any) -> None:
        given = {"min_value": Decimal("0.01"), "max_value": Decimal(1_000_000), "decimal_places": 2, **kwargs}
        super().__init__(widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}), **given)

    def clean(self, value: Any) -> Any:
        return int((super().clean(value) or 0) * 100)


def dollars(minor: int) -> Decimal | None:
    return Decimal(minor) / 100 if minor else None


class Step(forms.Form):
    """One step of the wizard: its fields are those of `edit_project`, unless it says otherwise."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, project: Project) -> None:
        super().__init__(data, initial=self.values_of(project))

    @classmethod
    def values_of(cls, project: Project) -> dict[str, Any]:
        return {name: getattr(project, name) for name in cls.base_fields}


class KindFields(forms.Form):
    title = forms.CharField(max_length=120, help_text="Experts see this first. Name the field and the work.")
    kind = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect, label="Kind of task")


class KindStep(Step, KindFields):
    pass


class NewProjectForm(KindFields):
    lab = forms.ModelChoiceField(queryset=Lab.objects.none(), to_field_name="public_id", empty_label=None)
    field_order = ("lab", "title", "kind")

    def __init__(self, *args: Any, labs: list[Lab], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ModelChoiceField[Lab], self.fields["lab"])
        choice.queryset = Lab.objects.filter(pk__in=[lab.pk for lab in labs])
        if len(labs) == 1:
            choice.initial = labs[0].public_id
            choice.widget = forms.HiddenInput()


class BriefStep(Step):
    brief = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What the work is for and what makes it hard. Every expert sees it. Markdown and LaTeX work here.",
    )
    text = forms.CharField(
        label="Instructions",
        widget=forms.Textarea(attrs={"rows": 12, "class": "code"}),
        help_text="Read beside every task. A changed text is a new version; work names the version it was made under.",
    )

    @classmethod
    def values_of(cls, project: Project) -> dict[str, Any]:
        latest = project.instructions.order_by("-number").first()
        return {"brief": project.brief, "text": latest.text if latest else ""}


class WhoStep(Step):
    min_level = forms.TypedChoiceField(coerce=int, choices=DegreeLevel.choices, label="Degree, or higher")
    isced = forms.MultipleChoiceField(
        choices=field_choices,
        required=False,
        label="In one of these fields",
        help_text="The degree itself must be in one of them. None: any field.",
        widget=forms.SelectMultiple(attrs={**COMBO, "data-source": reverse_lazy("experts:fields_json")}),
    )
    countries = forms.MultipleChoiceField(
        choices=country_choices,
        required=False,
        label="Living in one of these countries",
        help_text="Only where law or contract asks for it. None: anywhere.",
        widget=forms.SelectMultiple(attrs=COMBO),
    )
    languages = forms.MultipleChoiceField(
        choices=language_choices,
        required=False,
        label="Working in all of these languages",
        widget=forms.SelectMultiple(attrs=COMBO),
    )

    def clean(self) -> dict[str, Any]:
        """The project calls them `fields`, which a form cannot."""
        cleaned = self.cleaned_data
        cleaned["fields"] = cleaned.pop("isced", [])
        return cleaned

    @classmethod
    def values_of(cls, project: Project) -> dict[str, Any]:
        names = ("min_level", "countries", "languages")
        return {"isced": project.fields, **{name: getattr(project, name) for name in names}}


class PriceStep(Step):
    pay = Money(label="Pay for a task", max_value=Decimal(10_000))
    minutes = forms.IntegerField(label="Usual minutes for a task", min_value=1, max_value=2_400)
    min_hourly = Money(
        label="The least an hour",
        min_value=Decimal(0),
        max_value=Decimal(10_000),
        required=False,
        help_text="You may promise more than Quorum's own least, never less. Once the project is open it stands.",
    )
    planned_tasks = forms.IntegerField(label="Tasks", min_value=1, max_value=MAX_TASKS)
    overlap = forms.IntegerField(
        label="Experts for each task",
        min_value=1,
        max_value=10,
        help_text="Two or more let you see how far they agree.",
    )
    pilot_tasks = forms.IntegerField(
        label="Pilot",
        min_value=0,
        max_value=MAX_TASKS,
        help_text="Tasks that open first; the others wait until you confirm that the answers are good. 0: no pilot.",
    )
    decision_days = forms.IntegerField(
        label="Days to decide",
        min_value=1,
        max_value=7,
        help_text="Your business days, 1 to 7, to decide on an answer. After that it is accepted and paid.",
    )

    @classmethod
    def values_of(cls, project: Project) -> dict[str, Any]:
        return {
            **super().values_of(project),
            "pay": dollars(project.pay),
            "min_hourly": dollars(project.min_hourly),
            "planned_tasks": project.planned_tasks or None,
        }

    @property
    def plan(self) -> dict[str, int]:
        """Whatever of the numbers can be read so far, for the live total."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if isinstance(value, int)}


class AgreementsStep(Step):
    agreements = forms.ModelMultipleChoiceField(
        queryset=Agreement.objects.none(), widget=forms.CheckboxSelectMultiple, label="Experts accept"
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, project: Project) -> None:
        super().__init__(data, project=project)
        newest = [agreement.pk for agreement in current_agreements()]
        offered = Agreement.objects.filter(Q(pk__in=newest) | Q(pk__in=project.agreements.values("pk")))
        cast(forms.ModelMultipleChoiceField[Agreement], self.fields["agreements"]).queryset = offered.order_by(
            "kind", "-version"
        )

    @classmethod
    def values_of(cls, project: Project) -> dict[str, Any]:
        return {"agreements": list(project.agreements.all())}


class FundForm(forms.Form):
    amount = Money(label="Amount to pay", min_value=Decimal(1), max_value=Decimal("999999.99"))
    method = forms.ChoiceField(
        choices=[
            (Funding.Method.CARD, "Card: Stripe keeps about 2.9 % + $0.30; the money counts at once"),
            (
                Funding.Method.BANK,
                "Bank: Stripe keeps about 0.8 %, $5.00 at most; the money counts once the bank settles it",
            ),
        ],
        initial=Funding.Method.CARD,
        widget=forms.RadioSelect,
        label="How",
    )
