"""What machines notice before people look: each check says what it compared, and no check decides."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image, ImageDraw

from experts import actions
from experts.checks import ADVISES, PASSES, UNKNOWN, claims, mrz
from experts.checks import people as shared
from experts.checks.pictures import BANDS, NEAR, bands, dhash, distance
from experts.models import Assertion, Check, Credential, EvidencePage, Institution, Road, Strength
from experts.policies import needs_second
from experts.queries_checks import near_pages
from tests import people

TODAY = date(2026, 11, 25)


# --- Years ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "outcome", "words"),
    [
        ([], UNKNOWN, "no other degree"),
        ([("BSc", 6, 2008)], PASSES, "follow"),
        ([("BSc", 6, 2016)], ADVISES, "doctorate of 2015 comes before the bachelor's degree of 2016"),
        ([("BSc", 6, 2014)], ADVISES, "From bachelor's degree to doctorate in under 2 years"),
        ([("PhD", 8, 2019)], PASSES, "follow"),  # two doctorates
        ([("MSc", 7, 2015)], PASSES, "follow"),
    ],
)
def test_years_follow_levels(others: list[tuple[str, int, int]], outcome: str, words: str) -> None:
    found = claims.order(claims.Degree("PhD", 8, 2015), [claims.Degree(*other) for other in others])
    assert (found.outcome, found.serious) == (outcome, False)
    assert words in found.words
    assert "PhD, 2015" in found.compared


@pytest.mark.parametrize(
    ("born", "level", "outcome"),
    [
        (None, 8, UNKNOWN),
        (1990, 8, PASSES),
        (1999, 8, ADVISES),
        (1997, 6, PASSES),
        (1900, 8, ADVISES),
        (1999, 0, ADVISES),
    ],
)
def test_nobody_takes_a_doctorate_as_a_child(born: int | None, level: int, outcome: str) -> None:
    assert claims.age(2015, level, born).outcome == outcome


def test_an_institution_was_there_or_not_or_nobody_knows() -> None:
    found = [claims.existence("ETH", 1850, there, "It exists since 1855.") for there in (True, False, None)]
    expected = [(PASSES, False), (ADVISES, True), (UNKNOWN, False)]
    assert [(each.outcome, each.serious) for each in found] == expected


def test_what_nothing_was_handed_in_for_is_not_known() -> None:
    assert shared.documents(0, []).outcome == UNKNOWN
    assert shared.pages(2, []).words == "No other account has them."
    found = shared.accounts("Emil, PhD, 2015", [shared.Other("crd_x", "Emilia", "the same licence 7")])
    assert (found.outcome, found.serious) == (ADVISES, True)
    assert found.words == "It is also claimed by Emilia (crd_x): the same licence 7."


# --- Pictures ---------------------------------------------------------------------------------------------------------


def page(words: str = "Doctor of Philosophy", size: tuple[int, int] = (840, 600), quality: int = 0) -> bytes:
    image = Image.new("L", size, 250)
    draw = ImageDraw.Draw(image)
    for line in range(6):
        draw.rectangle((60 + 40 * line, 40 + 90 * line, 500 + 45 * line, 90 + 90 * line), fill=40 + 30 * line)
    draw.text((300, 30), words, fill=0)
    file = io.BytesIO()
    if quality:
        image.save(file, "JPEG", quality=quality)
    else:
        image.save(file, "PNG")
    return file.getvalue()


def test_a_page_scanned_again_looks_the_same_and_another_does_not() -> None:
    first, again, other = dhash(page()), dhash(page(quality=30)), dhash(people.diploma().read())
    assert first is not None
    assert again is not None
    assert distance(first, again) <= NEAR
    assert other is None  # a line of text on plain paper looks like any other
    mirrored = Image.open(io.BytesIO(page())).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    file = io.BytesIO()
    mirrored.save(file, "PNG")
    turned = dhash(file.getvalue())
    assert turned is not None
    assert distance(first, turned) > NEAR


@pytest.mark.parametrize("value", [0, 1, -1, 2**63 - 1, -(2**63), 0x0123456789ABCDEF])
def test_near_hashes_share_a_band_wherever_they_differ(value: int) -> None:
    assert len(set(bands(value))) == BANDS
    for places in [(0, 1, 2), (0, 16, 32), (15, 31, 47), (63, 1, 20), (5, 6, 63)]:
        near = value
        for place in places:
            near ^= -(1 << 63) if place == 63 else 1 << place
        assert distance(value, near) == NEAR
        assert set(bands(value)) & set(bands(near))


# --- Machine-readable zones: the specimens of ICAO 9303 ---------------------------------------------------------------

PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"


@pytest.mark.parametrize(("text", "number", "document"), [(PASSPORT, "L898902C3", "P"), (CARD, "D23145890", "I")])
def test_the_specimens_are_read(text: str, number: str, document: str) -> None:
    zone = mrz.parse(text, today=TODAY)
    assert (zone.name, zone.number, zone.country, zone.document) == ("ANNA MARIA ERIKSSON", number, "UTO", document)
    assert (zone.born, zone.expires, zone.faults) == (date(1974, 8, 12), date(2012, 4, 15), ())


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [("L898902C3", "L898902C4", "number"), ("740812", "740813", "birth"), ("120415", "120416", "expiry")],
)
def test_a_changed_character_breaks_its_digit_and_the_last_one(old: str, new: str, fault: str) -> None:
    assert mrz.parse(PASSPORT.replace(old, new), today=TODAY).faults == (fault, "whole")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P<UTO",
        PASSPORT.replace("<", "!"),
        PASSPORT.replace("740812", "741312"),
        PASSPORT.replace("740812", "74O812"),
    ],
)
def test_what_is_no_zone_is_said(text: str) -> None:
    with pytest.raises(mrz.Unreadable):
        mrz.parse(text, today=TODAY)


# --- On the desk ------------------------------------------------------------------------------------------------------


def claimed(name: str = "Emil", **claim: Any) -> Credential:
    return people.credential(people.expert(name, verified=False), **claim)


def handed_in(credential: Credential, picture: bytes | None = None) -> Credential:
    upload = SimpleUploadedFile("scan.png", picture or page())
    evidence = actions.add_evidence(credential=credential, upload=upload, by=credential.expert.user)
    actions.render_evidence(evidence=evidence)
    return credential


def outcomes(credential: Credential) -> dict[str, str]:
    return dict(Check.objects.filter(credential=credential).values_list("name", "outcome"))


@pytest.mark.django_db
def test_each_check_stands_on_the_desk_with_what_it_compared(client: Client) -> None:
    emils = handed_in(claimed(name_on_document="Emil Q. Sørensen"))
    assert outcomes(emils) == {
        "name": PASSES,
        "existence": PASSES,
        "order": UNKNOWN,
        "document": PASSES,
        "pages": PASSES,
        "account": PASSES,
    }
    people.sign_in(client, people.ops())
    shown = client.get(f"/admin/experts/credential/desk/{emils.public_id}/").text
    assert "Emil Q. Sørensen / Emil Sørensen:" in shown
    assert "2015 / University of Copenhagen" in shown
    assert str(emils.checks.get(name="account")) == "account: No other account has them."


@pytest.mark.django_db
def test_a_page_that_looks_like_another_experts_tells_both_cases_and_takes_two_people() -> None:
    emils, farahs = handed_in(claimed()), claimed("Farah")
    assert not needs_second(emils)
    handed_in(farahs, page(quality=40))
    assert (outcomes(emils)["pages"], outcomes(farahs)["pages"]) == (ADVISES, ADVISES)
    assert outcomes(emils)["document"] == PASSES  # not the same bytes
    assert needs_second(emils)
    assert "of 64 bits apart" in farahs.checks.get(name="pages").words
    found = near_pages(EvidencePage.objects.get(evidence__credential=emils))
    assert list(found) == list(EvidencePage.objects.filter(evidence__credential=farahs))
    plain = EvidencePage(evidence=emils.evidence.get())
    assert not near_pages(plain).exists()


@pytest.mark.django_db
def test_near_pages_are_found_by_an_index() -> None:
    emils = handed_in(claimed())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        query, params = near_pages(EvidencePage.objects.get()).values("pk").query.sql_with_params()
        cursor.execute(f"EXPLAIN {query}", params)
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "page_bands" in plan
    assert emils.checks.exists()


@pytest.mark.django_db
def test_one_degree_of_one_name_in_two_accounts_is_pointed_out_to_both() -> None:
    emils = handed_in(claimed())
    double = people.expert("Emil2", verified=False)
    double.user.name = emils.expert.user.name
    double.user.save(update_fields=["name"])
    other = handed_in(people.credential(double), page("Another picture", (600, 840)))
    assert (outcomes(emils)["account"], outcomes(other)["account"]) == (ADVISES, ADVISES)


@pytest.mark.django_db
def test_a_licence_number_and_an_orcid_id_belong_to_one_person() -> None:
    licence = {"kind": "licence", "level": 0, "profession": "nurse", "jurisdiction": "DE", "number": "A 1"}
    noors, lenas = claimed("Noor", **licence), claimed("Lena", **licence)
    told: dict[str, Any] = {
        "road": Road.ORCID,
        "source": "ORCID",
        "verdict": Assertion.Verdict.HOLDS,
        "strength": Strength.STRONG,
        "says": {"orcid": "0000-0002-1825-0097"},
        "reasons": [],
    }
    for credential in (noors, lenas):
        actions.take_down(credential=credential, **told)
    words = noors.checks.get(name="account").words
    assert "the same licence A 1" in words
    assert "order" not in outcomes(noors)
    actions.take_down(credential=noors, **told)
    assert "the same orcid by ORCID record" in noors.checks.get(name="account").words


@pytest.mark.django_db
def test_a_former_name_explains_a_document_and_a_correction_is_checked_anew() -> None:
    emils = claimed(name_on_document="Emil Andersen", status="claimed", year=1400)
    handed_in(emils)
    assert (outcomes(emils)["name"], outcomes(emils)["existence"]) == (ADVISES, ADVISES)
    actions.edit_profile(expert=emils.expert, former_names=["Emil Andersen"], by=emils.expert.user)
    actions.ask_for_more(credential=emils, message="Which year?", by=people.ops())
    actions.edit_claim(credential=emils, year=2015, by=emils.expert.user)
    assert outcomes(emils)["existence"] == PASSES
    assert (outcomes(emils)["name"], emils.checks.get(name="name").compared) == (
        PASSES,
        "Emil Andersen / Emil Sørensen, Emil Andersen",
    )


@pytest.mark.django_db
def test_the_worst_findings_change_no_state() -> None:
    """Checks advise; only people refuse."""
    Institution.objects.filter(name="University of Copenhagen").update(established=2024, predecessors=[])
    emils = handed_in(claimed(name_on_document="Somebody Else"))
    handed_in(claimed("Farah"))
    assert list(outcomes(emils).values()).count(ADVISES) >= 3
    emils.refresh_from_db()
    assert emils.status == Credential.Status.EVIDENCED
    assert not emils.verdicts.exists()
