"""The tags that templates write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.paginator import Paginator
from django.db import models
from django.template import RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import timezone

from core.templatetags import ui

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def show(source: str, **context: Any) -> str:
    request = RequestFactory().get("/projects/?state=open&page=2")
    return Template("{% load ui %}" + source).render(RequestContext(request, context))


class Status(models.TextChoices):
    NEEDS_MORE = "needs_more", "Waiting for the expert"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "USD", "$1,234.50"),
        (5, "usd", "$0.05"),
        (0, "EUR", "€0.00"),
        (-3800, "USD", "−$38.00"),
        (1200, "JPY", "¥1,200"),
        (1500, "KWD", "KWD 1.500"),
        (100_000_00, "CHF", "CHF 100,000.00"),
    ],
)
def test_money_as_people_write_it(minor: int, currency: str, text: str) -> None:
    assert ui.money_text(minor, currency) == text
    assert text in show("{% money minor currency %}", minor=minor, currency=currency)


def test_no_amount_is_a_dash() -> None:
    assert ">–<" in show("{% money nothing %}", nothing=None)


def test_a_state_is_a_word_and_a_colour() -> None:
    assert show('{% badge "needs_more" %}') == '<span class="badge warning">Needs more</span>'
    assert (
        show("{% badge state %}", state=Status.NEEDS_MORE)
        == '<span class="badge warning">Waiting for the expert</span>'
    )
    assert show('{% badge "failed" "No experts yet" %}') == '<span class="badge danger">No experts yet</span>'
    assert show('{% badge "something" %}') == '<span class="badge ">Something</span>'
    assert show('{% badge "x" tone="info" %}') == '<span class="badge info">X</span>'


def test_a_tone_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TemplateSyntaxError, match="purple"):
        show('{% badge "x" tone="purple" %}')


def test_what_people_write_is_escaped() -> None:
    for source in (
        "{% badge x %}",
        "{% stat x x x %}",
        "{% empty x x when=x action=x url=x %}",
        '{% diff x "b" %}',
        "{% bars rows x %}",
        "{% progress 1 2 x x %}",
        "{% sparkline numbers x %}",
        '{% icon "bell" x %}',
        '{% alert "info" %}{{ x }}{% endalert %}',
    ):
        html = show(source, x='"><script>', rows=[('"><script>', 1)], numbers=[1, 2])
        assert "<script" not in html, source


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (timedelta(days=3, hours=1), "in 3 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=-2, minutes=-59), "2 hours ago"),
        (timedelta(minutes=5), "in 5 minutes"),
        (timedelta(seconds=30), "in under a minute"),
        (timedelta(seconds=-30), "just now"),
    ],
)
def test_relative_times_round_down(delta: timedelta, text: str) -> None:
    assert ui.relative(NOW + delta, NOW) == text


def test_times_are_shown_in_the_zone_of_whoever_looks() -> None:
    with timezone.override(ZoneInfo("Europe/Zurich")):
        assert ui.absolute(NOW) == "Tue 24 Nov 2026, 13:00 CET"
        html = show("{% when moment %}", moment=NOW)
        assert 'datetime="2026-11-24T12:00:00+00:00"' in html
        assert 'title="Tue 24 Nov 2026, 13:00 CET"' in html
        assert ">Tue 24 Nov 2026, 13:00 CET</time>" in show("{% deadline moment %}", moment=NOW)


def test_times_that_are_not_known_yet() -> None:
    assert "Never" in show('{% when nothing "Never" %}', nothing=None)
    assert "No deadline" in show("{% deadline nothing %}", nothing=None)
    assert show('{% duration nothing "not yet" %}', nothing=None) == "not yet"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (22_320, "6 h 12 min"),
        (7_200, "2 h"),
        (59, "59 s"),
        (61, "1 min"),
        (100_000, "1 day 3 h"),
        (172_800, "2 days"),
        (-5, "under 1 s"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert show("{% duration value %}", value=seconds) == text
    assert show("{% duration value %}", value=timedelta(seconds=seconds)) == text


def test_progress_never_runs_over_and_always_says_its_numbers() -> None:
    html = show('{% progress 182 240 "Accepted" "tasks" %}')
    assert '<progress value="182" max="240" aria-label="Accepted">' in html
    assert "<span>182 of 240 tasks</span>" in html
    assert 'value="3" max="3"' in show("{% progress 5 3 %}")
    assert 'value="0" max="1"' in show("{% progress 0 0 %}")


def test_a_sparkline_carries_its_numbers() -> None:
    html = show('{% sparkline numbers "Accepted per day" %}', numbers=[1, 3, 2])
    assert 'aria-label="Accepted per day: 1, 3, 2"' in html
    assert 'points="0.0,20.7 50.0,2.0 100.0,11.3"' in html
    assert show('{% sparkline numbers "x" %}', numbers=[]) == ""
    assert "0.0,30.0" in show('{% sparkline numbers "x" %}', numbers=[0])


def test_bars_are_in_proportion() -> None:
    html = show('{% bars rows "By field" %}', rows=[("Physics", 1820), ("Law", 455, "455 of them")])
    assert 'width="100.00"' in html
    assert 'width="25.00"' in html
    assert "1,820" in html
    assert "455 of them" in html
    assert show('{% bars rows "By field" %}', rows=[]) == '<ul class="bars" aria-label="By field"></ul>'
    assert 'width="0.00"' in show('{% bars rows "x" %}', rows=[("Law", 0)])


def test_a_tile() -> None:
    html = show('{% stat "Accepted" 268 "18% up" tone="success" spark=numbers %}', numbers=[1, 2])
    assert '<span class="value">268</span><span class="note success">18% up</span><svg class="spark"' in html
    assert 'class="stat warning"' in show('{% stat "Needs you" 2 warn=True %}')


def test_an_empty_state_explains_itself() -> None:
    html = show('{% empty "No tasks" "All are claimed." when="Back at 14:00." action="Find work" url="/browse/" %}')
    for part in (
        "<h2>No tasks</h2>",
        "All are claimed.",
        "Back at 14:00.",
        '<a class="button" href="/browse/">Find work</a>',
    ):
        assert part in html
    assert "button" not in show('{% empty "No tasks" "All are claimed." %}')


def test_alerts_interrupt_only_when_something_went_wrong() -> None:
    assert 'class="alert danger" role="alert"' in show('{% alert "danger" %}Declined{% endalert %}')
    assert "role=" not in show('{% alert "warning" %}Two rows{% endalert %}')


def test_an_icon_is_decoration_unless_it_is_named() -> None:
    assert 'aria-hidden="true"' in show('{% icon "bell" %}')
    assert 'role="img"' in show('{% icon "bell" "Notices" %}')
    assert "style" not in show('{% icon "bell" %}')


def test_a_diff_marks_words() -> None:
    assert show('{% diff "Mira Okafor" "Mira A. Okafor" %}') == '<span class="diff">Mira <ins>A.</ins> Okafor</span>'
    assert show('{% diff "ETH" "EPFL" %}') == '<span class="diff"><del>ETH</del><ins>EPFL</ins></span>'
    assert show('{% diff "ETH" "EPFL" side="old" %}') == '<span class="diff"><del>ETH</del></span>'
    assert show('{% diff "ETH" "EPFL" side="new" %}') == '<span class="diff"><ins>EPFL</ins></span>'
    assert show('{% diff "a b" "a" %}') == '<span class="diff">a <del>b</del></span>'


def test_pages_keep_the_question() -> None:
    page = Paginator(list(range(60)), 25).page(2)
    html = show('{% pagination page "projects" %}', page=page)
    assert "26–50 of 60 projects" in html
    assert "state=open" in html
    assert 'rel="prev"' in html
    assert 'rel="next"' in html
    one = Paginator([1], 25).page(1)
    assert show('{% pagination page "projects" %}', page=one).strip() == ""


def test_texts() -> None:
    assert "<strong>a</strong>" in show("{{ text|markdown }}", text="**a**")
    assert "**a**" in show("{{ text|plain }}", text="**a**")
    assert show("{{ text|markdown }}{{ text|plain }}", text=None) == ""
