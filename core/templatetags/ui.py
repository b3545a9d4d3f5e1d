"""The parts of a page that templates write as tags. docs/frontend.md shows each with an example.

Everything a tag prints is escaped, carries no style attribute, and says in words what its colour says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any, Final

from django import template
from django.core.paginator import Page
from django.forms import BoundField
from django.template.loader import get_template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide import _render_icon as render_lucide  # the public tag cannot be called with attribute names from a dict

from core import render
from core.ids import new_id

register = template.Library()

# --- Words ------------------------------------------------------------------------------------------------------------

_TONES: Final[dict[str, str]] = {
    tone_of: tone
    for tone, states in {
        "success": "accepted approved paid verified confirmed done settled delivered succeeded ready same upheld "
        "passes holds",
        "info": "open active submitted sent claimed evidenced shortlisted processing running close returned in_transit",
        "warning": "pending paused needs_more expired frozen waiting expiring lapsed overdue partial unpaid "
        "unverifiable",
        "danger": "rejected refused failed declined revoked overturned differs disputed",
    }.items()
    for tone_of in states.split()
}
TONES: Final = frozenset({"", "accent", "info", "success", "warning", "danger"})


def words(state: object) -> str:
    """What a state is called: the label of a TextChoices member, else its value as words (`needs_more`)."""
    label = getattr(state, "label", None)
    return str(label) if label else str(state).replace("_", " ").capitalize()


@register.simple_tag
def badge(state: object, text: str = "", tone: str | None = None) -> SafeString:
    """A state as word and colour. `text` replaces the word, `tone` the colour (one of TONES)."""
    colour = _TONES.get(str(state).lower(), "") if tone is None else tone
    if colour not in TONES:
        raise template.TemplateSyntaxError(f"badge: {colour!r} is no tone ({', '.join(sorted(TONES))})")
    return format_html('<span class="badge {}">{}</span>', colour, text or words(state))


# --- Money ------------------------------------------------------------------------------------------------------------

_DECIMALS: Final[dict[str, int]] = {  # ISO 4217 minor units, where they are not 2
    code: digits
    for digits, codes in {
        0: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF",
        3: "BHD JOD KWD OMR TND",
    }.items()
    for code in codes.split()
}
_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}


def money_text(minor: int, currency: str = "USD") -> str:
    """`123450, "USD"` → `$1,234.50`; `1200, "JPY"` → `¥1,200`. Minor units as ISO 4217 counts them."""
    code = currency.upper()
    digits = _DECIMALS.get(code, 2)
    whole, part = divmod(abs(int(minor)), 10**digits)
    amount = f"{whole:,}" + (f".{part:0{digits}d}" if digits else "")
    return ("−" if minor < 0 else "") + _SIGNS.get(code, f"{code} ") + amount


@register.simple_tag
def money(minor: int | None, currency: str = "USD") -> SafeString:
    """An amount in tabular figures; a dash where there is none."""
    return format_html('<span class="num nowrap">{}</span>', "–" if minor is None else money_text(minor, currency))


# --- Time -------------------------------------------------------------------------------------------------------------

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def relative(moment: datetime, now: datetime | None = None) -> str:
    """`in 3 days`, `2 hours ago`, `just now`; rounded down, one unit."""
    seconds = int((moment - (now or timezone.now())).total_seconds())
    for size, unit in _UNITS:
        count = abs(seconds) // size
        if count:
            plural = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {plural}" if seconds > 0 else f"{plural} ago"
    return "in under a minute" if seconds > 0 else "just now"


def absolute(moment: datetime) -> str:
    """`Thu 27 Nov 2026, 14:02 CET`, in the viewer's zone (the active one)."""
    local = timezone.localtime(moment)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def duration_text(seconds: float) -> str:
    """`6 h 12 min`, `3 days 4 h`, `45 s`, `under 1 s`: the two largest units."""
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{days} day{'' if days == 1 else 's'}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    if minutes:
        return f"{minutes} min"
    return f"{left} s" if left else "under 1 s"


@register.simple_tag
def when(moment: datetime | None, missing: str = "–") -> SafeString:
    """How long ago or ahead, with the full time on hover. For the past and for what is no promise."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', missing)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), absolute(moment), relative(moment)
    )


@register.simple_tag
def deadline(moment: datetime | None, missing: str = "No deadline") -> SafeString:
    """The full time with its zone, and how long that is from now. For whatever somebody was promised."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', missing)
    return format_html(
        '<time datetime="{}">{}</time> <span class="muted">({})</span>',
        moment.isoformat(),
        absolute(moment),
        relative(moment),
    )


@register.simple_tag
def duration(value: float | timedelta | None, missing: str = "–") -> str:
    """Seconds or a timedelta as `6 h 12 min`."""
    if value is None:
        return missing
    return duration_text(value.total_seconds() if isinstance(value, timedelta) else value)


# --- Pictures and figures ---------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A lucide icon, 1em square by CSS. Without a label it is decoration; with one it is read out."""
    told = {"role": "img", "aria-label": str(label)} if label else {"aria-hidden": "true"}
    return mark_safe(render_lucide(str(name), 18, focusable="false", **told))  # noqa: S308  ElementTree escapes


@register.simple_tag
def progress(done: int, total: int, label: str = "Progress", unit: str = "") -> SafeString:
    """A bar with its numbers: `182 of 240`."""
    text = f"{done:,} of {total:,}" + (f" {unit}" if unit else "")
    return format_html(
        '<div class="progress"><progress value="{}" max="{}" aria-label="{}">{}</progress><span>{}</span></div>',
        min(done, total),
        max(total, 1),
        label,
        text,
        text,
    )


@register.simple_tag
def sparkline(values: Sequence[float], label: str) -> SafeString:
    """A small line chart; `label` says what it is, and the numbers follow in its name."""
    if not values:
        return SafeString("")
    low, high = min(0, *values), max(*values, 0) or 1
    step = 100 / max(len(values) - 1, 1)
    points = " ".join(f"{i * step:.1f},{30 - 28 * (v - low) / ((high - low) or 1):.1f}" for i, v in enumerate(values))
    return format_html(
        '<svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label="{}: {}">'
        '<polygon class="fill" points="0,32 {} {},32"/><polyline class="line" points="{}"/></svg>',
        label,
        ", ".join(f"{v:g}" for v in values),
        points,
        f"{(len(values) - 1) * step:.1f}",
        points,
    )


@register.simple_tag
def bars(rows: Iterable[Sequence[Any]], label: str) -> SafeString:
    """A bar list from (name, number) or (name, number, text) rows; the number stands beside its bar."""
    rows = [(row[0], row[1], row[2] if len(row) > 2 else f"{row[1]:,}") for row in rows]
    top = max((row[1] for row in rows), default=0) or 1
    items = format_html_join(
        "",
        '<li><span>{}</span><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="8" rx="1"/></svg><span class="num">{}</span></li>',
        ((name, f"{100 * number / top:.2f}", text) for name, number, text in rows),
    )
    return format_html('<ul class="bars" aria-label="{}">{}</ul>', label, items)


@register.simple_tag
def stat(
    label: str, value: object, note: str = "", *, tone: str = "", warn: bool = False, spark: Sequence[float] = ()
) -> SafeString:
    """A tile: what, how much, and a note (`tone` colours the note, `warn` the whole tile)."""
    return format_html(
        '<div class="stat{}"><span class="label">{}</span><span class="value">{}</span>{}{}</div>',
        " warning" if warn else "",
        label,
        value,
        format_html('<span class="note {}">{}</span>', tone, note) if note else "",
        sparkline(spark, label) if spark else "",
    )


@register.simple_tag
def empty(
    title: str, reason: str, *, when: str = "", action: str = "", url: str = "", icon_name: str = "inbox"
) -> SafeString:
    """Nothing here, and why, until when, and the one useful thing to do."""
    return format_html(
        '<div class="empty">{}<h2>{}</h2><p>{}</p>{}{}</div>',
        icon(icon_name),
        title,
        reason,
        format_html("<p>{}</p>", when) if when else "",
        format_html('<a class="button" href="{}">{}</a>', url, action) if action else "",
    )


_ALERT_ICONS: Final = {"info": "info", "success": "circle-check", "warning": "triangle-alert", "danger": "circle-x"}


@register.simple_block_tag
def alert(content: str, tone: str = "info") -> SafeString:
    """A message that stays on the page: info, success, warning or danger."""
    return format_html(
        '<div class="alert {}"{}>{}<div>{}</div></div>',
        tone,
        SafeString(' role="alert"') if tone == "danger" else "",
        icon(_ALERT_ICONS[tone]),
        content,
    )


@register.simple_tag
def diff(old: str, new: str, side: str = "both") -> SafeString:
    """What changed between two texts, by words. `side`: "old" (with deletions), "new" (with insertions) or "both"."""
    before, after = (re.findall(r"\s+|[^\s]+", str(text)) for text in (old, new))
    out: list[SafeString] = []

    def changed(tag: str, tokens: list[str]) -> SafeString:
        text = "".join(tokens)
        inner = text.strip() or text
        start = text.index(inner)
        return format_html("{}<{}>{}</{}>{}", text[:start], tag, inner, tag, text[start + len(inner) :])

    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            out.append(format_html("{}", "".join(before[a:b])))
            continue
        if side != "new" and b > a:
            out.append(changed("del", before[a:b]))
        if side != "old" and d > c:
            out.append(changed("ins", after[c:d]))
    return format_html('<span class="diff">{}</span>', SafeString("".join(out)))


# --- Forms, lists, text -----------------------------------------------------------------------------------------------


@register.simple_tag
def field(bound: BoundField, prefix: str = "", suffix: str = "", label: str = "", hint: str = "") -> SafeString:
    """One form field with label, hint and errors; `prefix` and `suffix` stand inside its edge ("$", "per task")."""
    if hint:
        bound.help_text = hint
    context = {"field": bound, "prefix": prefix, "suffix": suffix, "label": label or bound.label}
    return mark_safe(get_template("forms/field.html").render(context))  # noqa: S308  a template escapes


@register.simple_tag
def ticket() -> SafeString:
    """By which a form that makes something is known when it is posted twice: see accounts.web.done_once."""
    return format_html('<input type="hidden" name="ticket" value="{}">', new_id("tkt"))


@register.inclusion_tag("forms/pagination.html")
def pagination(page: Page[Any], noun: str = "rows") -> dict[str, Any]:
    """Previous and next, and where we are. `page`: a Django Page, so the view stays in charge of the ordering."""
    return {"page": page, "noun": noun}


@register.filter
def markdown(text: str | None) -> SafeString:
    """Safe HTML for Markdown with maths and code; put it inside an element of class `prose`."""
    return render.markdown(text or "")


@register.filter
def plain(text: str | None) -> SafeString:
    """Safe HTML for text that is no Markdown (model answers as given): lines kept, maths set."""
    return render.plain_text(text or "")
