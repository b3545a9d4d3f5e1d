"""How forms are drawn, and what every page is told."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from core.pages import page, viewer_zone


class Offer(forms.Form):
    secret = forms.CharField(widget=forms.HiddenInput)
    title = forms.CharField(help_text="Experts see this <b>first</b>.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    degree = forms.ChoiceField(widget=forms.RadioSelect, choices=[("7", "Master's"), ("8", "Doctorate")])
    fields_ = forms.MultipleChoiceField(
        label="Fields", required=False, widget=forms.CheckboxSelectMultiple, choices=[("0533", "Physics")]
    )
    blind = forms.BooleanField(label="Blind review", help_text="Nobody sees the other.")

    def clean(self) -> None:
        raise forms.ValidationError("The two do not go together.")


def test_a_field_is_tied_to_its_label_and_hint() -> None:
    html = str(Offer())
    assert '<label for="id_title">Title</label>' in html
    assert '<div class="hint" id="id_title_helptext">Experts see this <b>first</b>.</div>' in html
    assert 'aria-describedby="id_title_helptext"' in html
    assert '<label for="id_note">Note<span class="optional">optional</span></label>' in html
    assert '<input type="hidden" name="secret"' in html
    assert "alert" not in html


def test_groups_are_fieldsets() -> None:
    html = str(Offer())
    assert "<legend>Degree</legend>" in html
    assert '<legend>Fields<span class="optional">optional</span></legend>' in html
    assert re.search(r'<label for="id_degree_1"><input type="radio"[^>]*><span>Doctorate</span></label>', html)
    assert re.search(r'<label class="check" for="id_blind"><input type="checkbox"[^>]*><span>Blind review</span>', html)


def test_errors_are_summed_up_and_stand_at_their_fields() -> None:
    html = str(Offer({"note": "x"}))
    summary = html[html.index('role="alert"') : html.index('<div class="fields">')]
    assert "data-focus" in summary
    assert "Please check 5 things" in summary
    assert "<li>The two do not go together.</li>" in summary
    assert '<a href="#id_title">Title</a>: This field is required.' in summary
    assert '<a href="#id_degree">Degree</a>: This field is required.' in summary
    assert "<li>Secret: This field is required.</li>" in summary
    assert '<div id="id_title_error"><div class="error">This field is required.</div></div>' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'aria-invalid="true"' in html
    assert html.count('id="id_degree"') == 1  # where the link of the summary leads


def test_one_error_is_one_thing() -> None:
    class Short(forms.Form):
        title = forms.CharField()

    assert "Please check one thing" in str(Short({}))


def test_a_field_with_something_inside_its_edge() -> None:
    source = '{% load ui %}{% field form.title prefix="$" suffix="per task" label="Pay" hint="Before fees." %}'
    html = Template(source).render(Context({"form": Offer()}))
    assert '<div class="affix"><span>$</span><input type="text" name="title"' in html
    assert "<span>per task</span></div>" in html
    assert '<label for="id_title">Pay</label>' in html
    assert "Before fees." in html
    assert "Experts see this" in Template("{% load ui %}{% field form.title %}").render(Context({"form": Offer()}))


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("neon", ""), (None, "")])
def test_the_theme_is_the_cookie_if_we_know_it(cookie: str | None, theme: str) -> None:
    request = RequestFactory().get("/")
    if cookie:
        request.COOKIES["theme"] = cookie
    assert page(request)["theme"] == theme


@pytest.mark.parametrize(("base", "sandbox"), [("http://127.0.0.1:12111", True), ("", False)])
def test_pages_say_when_the_money_is_not_real(settings: Settings, base: str, sandbox: bool) -> None:
    settings.STRIPE_API_BASE = base
    assert page(RequestFactory().get("/"))["sandbox"] is sandbox


@pytest.mark.parametrize(
    ("zone", "active"), [("Asia/Tokyo", "Asia/Tokyo"), ("", "UTC"), ("Nowhere/Land", "UTC"), ("../etc/passwd", "UTC")]
)
def test_times_are_those_of_the_viewer(zone: str, active: str) -> None:
    seen = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    request = RequestFactory().get("/")
    request.user = User(email="mina@people.example", time_zone=zone)
    viewer_zone(view)(request)
    assert seen == [active]
    assert timezone.get_current_timezone_name() == "UTC"
