"""Every kind of expert work keeps the same promises (projects/kinds/base.py, `Kind`)."""

from __future__ import annotations

import copy
import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from projects import kinds
from projects.kinds import KINDS, Kind, base, clean_payload, clean_response, parse_form

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
every_format = pytest.mark.parametrize(
    ("kind", "format"),
    [pytest.param(kind, form.slug, id=form.slug) for kind in KINDS for form in kind.FORMATS],
)
META = base.provenance(
    item_id="tsk_aaaaaaaaaaaaaaaa", submission_id="sub_aaaaaaaaaaaaaaaa", expert_pid="xp_1", active_seconds=90
)


def test_slugs_are_unique_and_short() -> None:
    slugs = [kind.slug for kind in KINDS]
    assert len(set(slugs)) == len(slugs)
    assert all(len(slug) <= 20 for slug in slugs)  # Project.kind
    assert dict(kinds.CHOICES) == {kind.slug: kind.label for kind in KINDS}


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        kinds.kind("poetry")


@every_kind
def test_says_what_it_is(kind: Kind) -> None:
    assert all(words.strip() for words in (kind.label, kind.summary, kind.guidance, kind.COLUMNS))
    assert all(len(form.slug) <= 24 and form.label and form.help for form in kind.FORMATS)  # Export.format
    assert kind.FORMATS[0].slug == "lossless"


@every_kind
def test_the_example_is_valid_and_comes_back_as_it_is(kind: Kind) -> None:
    payload = clean_payload(kind.slug, kind.EXAMPLE.payload)
    assert payload == kind.EXAMPLE.payload
    assert clean_response(kind.slug, kind.EXAMPLE.response, payload=payload) == kind.EXAMPLE.response


@every_kind
def test_what_was_cleaned_is_plain_json_and_clean_again(kind: Kind) -> None:
    payload = clean_payload(kind.slug, kind.EXAMPLE.payload)
    response = clean_response(kind.slug, kind.EXAMPLE.response, payload=payload)
    assert json.loads(json.dumps([payload, response])) == [payload, response]
    assert clean_payload(kind.slug, payload) == payload
    assert clean_response(kind.slug, response, payload=payload) == response


@every_kind
def test_a_line_of_csv_is_the_same_task(kind: Kind) -> None:
    assert clean_payload(kind.slug, kind.payload_from_csv(kind.EXAMPLE.csv)) == kind.EXAMPLE.payload
    with pytest.raises(Invalid):
        clean_payload(kind.slug, kind.payload_from_csv({}))


@every_kind
def test_a_missing_field_of_the_payload_is_named(kind: Kind) -> None:
    needed = [name for name, field in kind.Payload().fields.items() if field.required]
    assert needed
    for name in needed:
        found = faults_of_payload(kind, {k: v for k, v in kind.EXAMPLE.payload.items() if k != name})
        assert [fault.field for fault in found] == [name]


@every_kind
def test_a_wrong_type_in_the_payload_is_named(kind: Kind) -> None:
    every: tuple[Any, ...] = (None, 7, "", [], [[]], {"a": 1}, ["  "], [{"text": 1}])
    for name in kind.EXAMPLE.payload:
        for nonsense in every:
            found = faults_of_payload(kind, {**kind.EXAMPLE.payload, name: nonsense})
            assert found
            assert all(fault.field.split("[")[0].split(".")[0] == name for fault in found)
            assert all(fault.message for fault in found)


@every_kind
def test_an_unknown_field_of_the_payload_is_refused_not_dropped(kind: Kind) -> None:
    [fault] = faults_of_payload(kind, {**kind.EXAMPLE.payload, "promt": "x"})
    assert fault.field == "promt"


@every_kind
@pytest.mark.parametrize("nonsense", [None, 3, "text", [], [1]])
def test_a_payload_that_is_no_object_is_refused(kind: Kind, nonsense: Any) -> None:
    assert faults_of_payload(kind, nonsense)


@every_kind
def test_the_labs_own_fields_are_kept_if_the_database_can_hold_them(kind: Kind) -> None:
    own = {"source": "physics/7", "truth": [1, None, {"x": 0.5}], "words": "\\u0000 😀"}
    assert clean_payload(kind.slug, {**kind.EXAMPLE.payload, "metadata": own})["metadata"] == own
    for bad in ({"a": "\x00"}, {"a": "\\\\\x00"}, {"a": "\ud800"}, {"a": float("nan")}, {"a": "x" * 100_001}, [1], "x"):
        [fault] = faults_of_payload(kind, {**kind.EXAMPLE.payload, "metadata": bad})
        assert fault.field == "metadata"


mutants: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 0, 1.5, "", " ", "a", "b", "ab c", "nul\x00", "half\ud800", "x" * 100_001]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "role", "content", "metadata", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@every_kind
@given(data=st.data())
def test_the_quick_way_never_says_other_than_the_slow_one(kind: Kind, data: st.DataObject) -> None:
    """Any field of the example replaced by anything, anywhere."""
    payload: dict[str, Any] = copy.deepcopy({**kind.EXAMPLE.payload, "metadata": {"a": [1, "x"]}})
    if data.draw(st.booleans()):
        del payload["metadata"]
    for _ in range(data.draw(st.integers(0, 2))):
        mutate(payload, data)
    quick = kind.quick_payload(payload)
    try:
        slow: dict[str, Any] | None = clean_payload(kind.slug, payload)
    except Invalid:
        slow = None
    assert quick is None or (quick == slow and list(quick) == list(slow))


@every_kind
def test_the_quick_way_takes_what_is_plainly_right(kind: Kind) -> None:
    own = {"source": "physics/7"}
    assert kind.quick_payload(kind.EXAMPLE.payload) == kind.EXAMPLE.payload
    assert kind.quick_payload({**kind.EXAMPLE.payload, "metadata": own}) == {**kind.EXAMPLE.payload, "metadata": own}
    assert kind.quick_payload([kind.EXAMPLE.payload]) is None


def mutate(value: Any, data: st.DataObject) -> None:
    places = list(value) if isinstance(value, dict) else range(len(value))
    place = data.draw(st.sampled_from(list(places)))
    if isinstance(value[place], (dict, list)) and value[place] and data.draw(st.booleans()):
        mutate(value[place], data)
    elif isinstance(value, dict) and data.draw(st.booleans()):
        del value[place]
    else:
        value[place] = data.draw(mutants)


@every_kind
def test_an_empty_answer_names_what_is_missing(kind: Kind) -> None:
    with pytest.raises(Invalid) as refused:
        clean_response(kind.slug, {}, payload=kind.EXAMPLE.payload)
    assert refused.value.faults
    assert all(fault.field and fault.message for fault in refused.value.faults)


@every_kind
def test_a_wrong_type_in_an_answer_is_refused(kind: Kind) -> None:
    for name in kind.EXAMPLE.response:
        for nonsense in ({"a": 1}, [[1]], 99):
            with pytest.raises(Invalid):
                clean_response(
                    kind.slug, {**kind.EXAMPLE.response, name: nonsense, "x": 1}, payload=kind.EXAMPLE.payload
                )


@every_kind
def test_the_form_the_page_shows_posts_the_answer(kind: Kind) -> None:
    """What the browser would send of the filled page is the response, order apart, which the server keeps."""
    payload, response = kind.EXAMPLE.payload, kind.EXAMPLE.response
    page = kinds.render(kind.slug, "answer", payload=payload, response=response)
    posted = parse_form(QueryDict(urlencode(posted_fields(page))))
    fixed = {name: response[name] for name in kind.start(payload, "sub_1")}
    assert clean_response(kind.slug, {**posted, **fixed}, payload=payload) == response


@every_kind
@pytest.mark.parametrize("junk", [7, "text", True, {"a": 1}, [[]], [{}, None], None])
def test_a_draft_of_any_shape_can_be_shown(kind: Kind, junk: object) -> None:
    payload = kind.EXAMPLE.payload
    draft = dict.fromkeys((*kind.Response(context={"payload": payload}).fields, "order"), junk)
    assert kinds.render(kind.slug, "answer", payload=payload, response=draft)


@every_kind
def test_an_unfinished_draft_shows_again(kind: Kind) -> None:
    payload = kind.EXAMPLE.payload
    page = kinds.render(kind.slug, "answer", payload=payload, response=kind.start(payload, "sub_1"))
    draft = parse_form(QueryDict(urlencode(posted_fields(page))))
    assert kinds.render(kind.slug, "answer", payload=payload, response=draft)


@every_kind
def test_what_the_server_fixes_depends_on_the_seed_alone_and_is_valid(kind: Kind) -> None:
    payload = kind.EXAMPLE.payload
    starts = [kind.start(payload, f"sub_{number}") for number in range(40)]
    assert starts == [kind.start(payload, f"sub_{number}") for number in range(40)]
    for start in starts:
        clean_response(kind.slug, {**kind.EXAMPLE.response, **start}, payload=payload)


@every_kind
@pytest.mark.parametrize("view", ["answer", "show"])
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "fresh"])
def test_pages_hold_to_the_strict_csp_and_label_their_fields(kind: Kind, view: str, answered: bool) -> None:
    response = kind.EXAMPLE.response if answered else {}
    page = kinds.render(kind.slug, view, payload=kind.EXAMPLE.payload, response=response)
    check = Markup(page)
    assert check.unsafe == []
    assert len(check.ids) == len(set(check.ids))
    assert check.unlabelled == []
    if view == "show":
        assert check.ids == []  # it may stand on one page many times
        assert not check.fields


@every_kind
def test_pages_reach_a_kind_by_tags(kind: Kind) -> None:
    page = Template(
        "{% load kinds %}{% kind_label slug %}{% kind_show slug payload response %}"
        "{% kind_answer slug payload response errors shortcuts=False %}{{ errors|at:'x' }}"
    ).render(
        Context(
            {
                "slug": kind.slug,
                "payload": kind.EXAMPLE.payload,
                "response": kind.EXAMPLE.response,
                "errors": {"x": "Look here."},
            }
        )
    )
    assert page.startswith(kind.label)
    assert page.endswith("Look here.")
    assert "<textarea" in page


@every_kind
def test_hostile_text_stays_text(kind: Kind) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))"
    payload = put_text(kind.EXAMPLE.payload, evil)
    response = put_text(kind.EXAMPLE.response, evil)
    for view in ("answer", "show"):
        assert Markup(kinds.render(kind.slug, view, payload=payload, response=response)).unsafe == []


@every_kind
def test_a_fault_is_shown_at_its_field(kind: Kind) -> None:
    with pytest.raises(Invalid) as refused:
        clean_response(kind.slug, {}, payload=kind.EXAMPLE.payload)
    errors = {fault.field: fault.message for fault in refused.value.faults}
    page = kinds.render(kind.slug, "answer", payload=kind.EXAMPLE.payload, response={}, errors=errors)
    assert all(message in page for message in errors.values())


@every_kind
def test_a_read_only_answer_cannot_be_changed(kind: Kind) -> None:
    page = kinds.render(
        kind.slug, "answer", payload=kind.EXAMPLE.payload, response=kind.EXAMPLE.response, readonly=True
    )
    assert posted_fields(page) == []


@every_kind
def test_keys_are_printed_unless_switched_off(kind: Kind) -> None:
    assert "<kbd>" in kinds.render(kind.slug, "answer", payload=kind.EXAMPLE.payload)
    assert "<kbd>" not in kinds.render(kind.slug, "answer", payload=kind.EXAMPLE.payload, shortcuts=False)


@every_kind
def test_everybody_agrees_with_themselves(kind: Kind) -> None:
    assert kind.agreement(kind.EXAMPLE.response, kind.EXAMPLE.response) == 1


@every_kind
def test_the_api_can_describe_both_shapes_without_a_task(kind: Kind) -> None:
    assert kind.Response().fields
    assert (
        kind.Payload({"metadata": {}, "reference": "", **kind.EXAMPLE.payload}).data.items()
        >= kind.EXAMPLE.payload.items()
    )


@every_format
def test_rows_are_json_and_carry_the_provenance(kind: Kind, format: str) -> None:
    rows = list(kind.rows(format, kind.EXAMPLE.payload, kind.EXAMPLE.response, META))
    assert rows
    for row in rows:
        assert json.loads(json.dumps(row, allow_nan=False)) == row
        assert {name: row[name] for name in META} == META
    assert kind.left_out(format, kind.EXAMPLE.payload, kind.EXAMPLE.response) == 0


@every_kind
def test_lossless_is_lossless(kind: Kind) -> None:
    [row] = kind.rows("lossless", kind.EXAMPLE.payload, kind.EXAMPLE.response, META)
    assert (row["payload"], row["response"]) == (kind.EXAMPLE.payload, kind.EXAMPLE.response)


@every_kind
def test_an_unknown_format_is_an_error(kind: Kind) -> None:
    with pytest.raises(KeyError):
        list(kind.rows("parquet", kind.EXAMPLE.payload, kind.EXAMPLE.response, META))


def faults_of_payload(kind: Kind, data: Any) -> Any:
    with pytest.raises(Invalid) as refused:
        clean_payload(kind.slug, data)
    return refused.value.faults


def put_text(value: Any, text: str, name: str = "") -> Any:
    """The same shape with `text` after every text that people wrote."""
    if isinstance(value, dict):
        return {key: put_text(inner, text, key) for key, inner in value.items()}
    if isinstance(value, list) and name != "order":
        return [put_text(inner, text, name) for inner in value]
    return value + text if isinstance(value, str) and name not in ("id", "order", "role") else value


class Markup(HTMLParser):
    """Reads a page as the browser would: its fields, ids, labels, and whatever a strict CSP would block."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.unsafe: list[str] = []
        self.ids: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.labelled: set[str] = set()
        self.open_labels = 0
        self.textarea: dict[str, str] | None = None
        self.select: dict[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "iframe", "object", "img") or any(
            name == "style" or name.startswith("on") or value.strip().lower().startswith("javascript:")
            for name, value in given.items()
        ):
            self.unsafe.append(self.get_starttag_text() or tag)
        self.ids += [given["id"]] if "id" in given else []
        self.labelled |= {given["for"]} if tag == "label" and "for" in given else set()
        self.open_labels += tag == "label"
        if tag in ("input", "textarea", "select"):
            given = {"tag": tag, "inside": "yes" if self.open_labels else "", "value": given.get("value", ""), **given}
            self.fields.append(given)
            self.textarea = given if tag == "textarea" else None
            self.select = given if tag == "select" else self.select
        if tag == "option" and "selected" in given and self.select is not None:
            self.select["value"] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self.open_labels -= tag == "label"
        self.textarea = None if tag == "textarea" else self.textarea

    def handle_data(self, data: str) -> None:
        if self.textarea is not None:
            self.textarea["value"] += data.removeprefix("\n")

    @property
    def unlabelled(self) -> list[str]:
        return [
            field.get("name", "?")
            for field in self.fields
            if not (field["inside"] or field.get("aria-label") or field.get("id") in self.labelled)
        ]


def posted_fields(page: str) -> list[tuple[str, str]]:
    return [
        (field["name"], field["value"])
        for field in Markup(page).fields
        if "disabled" not in field and (field.get("type") != "radio" or "checked" in field)
    ]


def test_the_reader_of_pages_sees_what_it_should() -> None:
    bad = Markup('<b style="x">a</b><script></script><a href="JavaScript:x">b</a><i onclick="x">c</i><input name="n">')
    assert len(bad.unsafe) == 4
    assert bad.unlabelled == ["n"]
