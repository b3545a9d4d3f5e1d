"""The browser's doors of projects: the wizard step by step, applicants, offers, agreements."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from experts.actions import edit_profile
from payments.gateway import GatewayError
from projects import actions
from projects.forms import field_choices
from projects.models import Application, Invitation, Project
from tests.people import expert, lab, sign_in, user
from tests.projects.scene import draft, fresh, fund, opened

pytestmark = pytest.mark.django_db


def browser(name: str) -> Client:
    return sign_in(Client(), user(name))


def url(name: str, *args: Any) -> str:
    return reverse(f"projects:{name}", args=[getattr(arg, "public_id", arg) for arg in args])


def text(response: Any) -> str:
    return str(response.content.decode())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- the wizard -------------------------------------------------------------------------------------------------------


def test_mina_makes_a_project_step_by_step() -> None:
    lab()
    mina = browser("Mina")
    assert "Compare answers" in text(mina.get(url("new")))
    answer = mina.post(url("new"), {"lab": lab().public_id, "title": "Ice", "kind": "preference"})
    project = Project.objects.get()
    assert answer["Location"] == url("edit", project, "brief")
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("brief", {"brief": "Why **ice** floats.", "text": "Read to the end."}, "who"),
        ("who", {"min_level": "7", "isced": ["0533"], "countries": ["DK"], "languages": ["en", "da"]}, "price"),
        (
            "price",
            {
                "pay": "12.50",
                "minutes": "15",
                "planned_tasks": "40",
                "overlap": "2",
                "pilot_tasks": "5",
                "decision_days": "2",
                "min_hourly": "45",
            },
            "agreements",
        ),
        ("agreements", {"agreements": [a.pk for a in project.agreements.all()]}, "review"),
    ]
    for step, fields, following in steps:
        form = mina.get(url("edit", project, step))
        assert form.status_code == 200
        assert not form.context["steps"][-1][2]  # a draft is never past its review
        assert mina.post(url("edit", project, step), fields)["Location"] == url("edit", project, following)
    project = fresh(project)
    assert (project.min_level, project.fields, project.countries, project.languages) == (
        7,
        ["0533"],
        ["DK"],
        ["en", "da"],
    )
    assert (project.pay, project.fee, project.minutes, project.planned_tasks) == (1_250, 250, 15, 40)
    assert (project.overlap, project.pilot_tasks, project.decision_days, project.lease_minutes) == (2, 5, 2, 60)
    page = text(mina.get(url("edit", project, "review")))
    assert "$12.50" in page
    assert "Master&#x27;s or higher in Physics" in page
    assert "$1,236.15" in page  # 80 seats at $15.00, and Stripe's fee on top
    assert "Pay and open" in page


def test_the_first_step_may_be_changed() -> None:
    project = draft()
    mina = browser("Mina")
    assert "Why ice floats" in text(mina.get(url("edit", project, "kind")))
    mina.post(url("edit", project, "kind"), {"title": "Why steps fail", "kind": "stepwise"})
    assert (fresh(project).title, fresh(project).kind) == ("Why steps fail", "stepwise")


def test_an_unfinished_draft_says_what_is_missing_and_where() -> None:
    project = actions.create_project(lab=lab(), title="Ice", kind="preference", by=user("Mina"))
    page = text(browser("Mina").get(url("edit", project, "review")))
    for words, step in (("Write the instructions.", "brief"), ("Set the pay for a task.", "price")):
        assert words in page
        assert url("edit", project, step) in page


def test_an_unconfirmed_lab_is_told() -> None:
    project = draft(lab=lab("Newcomer", confirmed=False))
    assert "confirms who your lab is" in text(browser("Mina").get(url("edit", project, "review")))


@pytest.mark.parametrize(
    ("step", "fields", "words"),
    [
        ("kind", {"title": "", "kind": "preference"}, "This field is required"),
        ("kind", {"title": "x", "kind": "poetry"}, "Select a valid choice"),
        ("brief", {"brief": "x", "text": " "}, "This field is required"),
        ("who", {"min_level": "5"}, "Select a valid choice"),
        ("who", {"min_level": "7", "isced": ["xx"]}, "Select a valid choice"),
        ("price", {"pay": "-1"}, "greater than or equal"),
        ("agreements", {}, "This field is required"),
    ],
)
def test_a_bad_step_is_shown_again_with_words(step: str, fields: dict[str, Any], words: str) -> None:
    project = draft()
    answer = browser("Mina").post(url("edit", project, step), fields)
    assert answer.status_code == 422
    assert words in text(answer)


def test_a_project_promises_more_than_quorums_least_an_hour_and_never_less() -> None:
    project, mina = draft(), browser("Mina")
    page = text(mina.get(url("edit", project, "price")))
    words = "of measured time, over each week’s accepted answers."
    assert 'name="min_hourly" value="30"' in page
    assert f"{words} One answer counts for at most 20 min." in page  # as experts read it
    live = text(mina.get(url("total", project), {**PRICE, "min_hourly": "42.50"}))
    assert "$42.50" in live
    for less in ("29.99", "0", ""):
        answer = mina.post(url("edit", project, "price"), {**PRICE, "min_hourly": less})
        assert answer.status_code == 422
        assert "The least that a project promises is $30.00 an hour." in text(answer)
    mina.post(url("edit", project, "price"), {**PRICE, "min_hourly": "42.50"})
    assert fresh(project).min_hourly == 4_250


def test_the_least_an_hour_of_an_open_project_stands() -> None:
    project, mina = opened(), browser("Mina")
    for other in ("29.00", "31.00"):
        answer = mina.post(url("edit", project, "price"), {**PRICE, "min_hourly": other})
        assert "This cannot change now" in text(answer)
    assert fresh(project).min_hourly == 3_000


def test_an_operator_who_promises_nothing_leaves_it_to_the_lab(settings: Settings) -> None:
    settings.QUORUM_MIN_HOURLY = 0
    project, mina = draft(), browser("Mina")
    Project.objects.update(min_hourly=0)
    assert "The least an hour:" not in text(mina.get(url("edit", project, "price")))
    assert mina.post(url("edit", project, "price"), {**PRICE, "min_hourly": ""}).status_code == 302
    assert fresh(project).min_hourly == 0


def test_what_the_action_refuses_stands_on_the_form() -> None:
    project = opened()
    answer = browser("Mina").post(url("edit", project, "price"), {**PRICE, "pay": "99.00"})
    assert answer.status_code == 422
    assert "This cannot change now" in text(answer)
    assert fresh(project).pay == 1_000


PRICE = {
    "pay": "10.00",
    "minutes": "10",
    "planned_tasks": "20",
    "overlap": "2",
    "pilot_tasks": "0",
    "decision_days": "3",
    "min_hourly": "30.00",
}


def test_a_running_project_takes_what_may_still_change() -> None:
    project = opened()
    mina = browser("Mina")
    assert "people work under them" in text(mina.get(url("edit", project, "price")))
    mina.post(url("edit", project, "price"), {**PRICE, "planned_tasks": "50"})
    mina.post(url("edit", project, "who"), {"min_level": "8", "isced": ["0533"]})
    mina.post(url("edit", project, "brief"), {"brief": "New.", "text": "Second."})
    project = fresh(project)
    assert (project.planned_tasks, project.min_level, project.fields, project.brief) == (50, 8, ["0533"], "New.")
    assert project.instructions.count() == 2
    assert "Add funds" in text(mina.get(url("edit", project, "review")))


def test_the_count_of_matching_experts_follows_the_form_and_saves_nothing() -> None:
    expert("Emil")
    expert("Juan")
    project = draft()
    mina = browser("Mina")
    assert ">2</span>" in text(mina.get(url("match", project), {"min_level": "6"}))
    one = text(mina.get(url("match", project), {"min_level": "6", "isced": ["05"]}))
    assert ">1</span>" in one
    assert "ready to work at this price" in one
    assert "Ask for less" in text(mina.get(url("match", project), {"min_level": "8", "isced": ["0912"]}))
    assert ">2</span>" in text(mina.get(url("match", project), {"min_level": "nonsense"}))
    assert fresh(project).fields == []
    Project.objects.filter(pk=project.pk).update(pay=0)
    unpriced = text(mina.get(url("edit", project, "who")))
    assert ">2</span>" in unpriced
    assert "the price, two steps on, may narrow it" in unpriced


def test_the_total_follows_the_form_and_saves_nothing() -> None:
    project = draft()
    page = text(
        browser("Mina").get(url("total", project), {**PRICE, "pay": "100", "planned_tasks": "1", "overlap": ""})
    )
    assert "$240.00" not in page
    assert "$200.00" in page  # two seats, as the project has it
    assert "$40.00" in page
    assert fresh(project).pay == 1_000


def test_a_person_without_a_lab_is_led_to_one() -> None:
    assert "Make a lab" in text(browser("Sam").get(url("new")))
    lab()
    assert "Your role does not write projects" in text(browser("Rosa").get(url("new")))


def test_with_two_labs_one_chooses_and_a_strange_lab_is_no_choice() -> None:
    lab()
    second = lab("Second")
    ada = browser("Ada")
    assert "<select" in text(ada.get(url("new")))
    ada.post(url("new"), {"lab": second.public_id, "title": "Ice", "kind": "preference"})
    assert Project.objects.get().lab == second
    strange = lab("Strange")
    strange.memberships.all().delete()
    assert ada.post(url("new"), {"lab": strange.public_id, "title": "x", "kind": "stepwise"}).status_code == 422


# --- funds ------------------------------------------------------------------------------------------------------------


def test_paying_leads_to_stripe_and_a_silent_stripe_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    project = draft()
    mina = browser("Mina")
    assert "Add funds" in text(mina.get(url("fund", project)))
    assert mina.post(url("fund", project), {"amount": "0.10"}).status_code == 422

    def silent(**_: Any) -> str:
        raise GatewayError("no answer")

    monkeypatch.setattr("payments.gateway.start_checkout", silent)
    answer = mina.post(url("fund", project), {"amount": "500", "method": "card"})
    assert answer.status_code == 422
    assert "Stripe does not answer" in text(answer)
    assert fresh(project).open_when_funded


def test_an_unfinished_draft_is_not_paid_for() -> None:
    project = actions.create_project(lab=lab(), title="Ice", kind="preference", by=user("Mina"))
    answer = browser("Mina").post(url("fund", project), {"amount": "500", "method": "card"})
    assert answer.status_code == 422
    assert "Write the instructions." in text(answer)


def test_a_funded_draft_is_opened_by_a_button() -> None:
    project = draft()
    mina = browser("Mina")
    assert "paid for" in said(mina.post(url("open", project)))[0]
    fund(project, 100_000)
    assert "Open the project" in text(mina.get(url("edit", project, "review")))
    mina.post(url("open", project))
    assert fresh(project).status == "open"


def test_a_draft_is_dropped_by_a_button() -> None:
    project = draft()
    browser("Mina").post(url("cancel", project))
    assert fresh(project).status == "cancelled"


# --- who may ----------------------------------------------------------------------------------------------------------

LAB_PAGES = [
    ("edit", "brief"),
    ("edit", "review"),
    ("match",),
    ("total",),
    ("fund",),
    ("applicants",),
]


@pytest.mark.parametrize("page", LAB_PAGES, ids="-".join)
def test_another_labs_project_is_not_there(page: tuple[str, ...]) -> None:
    project = draft()
    expert("Emil")
    address = url(page[0], project, *page[1:])
    for name in ("Sam", "Emil"):
        assert browser(name).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    reviewer = browser("Rosa").get(address)
    assert reviewer.status_code == (200 if page == ("applicants",) else 404)


@pytest.mark.parametrize("name", ["open", "cancel", "decide", "invite", "rematch"])
def test_another_labs_buttons_are_not_there_either(name: str) -> None:
    project = draft()
    assert browser("Sam").post(url(name, project)).status_code == 404
    assert browser("Mina").get(url(name, project)).status_code == 405


def test_an_unknown_step_is_not_there() -> None:
    assert browser("Mina").get(url("edit", draft(), "poetry")).status_code == 404


# --- applicants -------------------------------------------------------------------------------------------------------


def applied(project: Project, *names: str) -> list[Application]:
    return [actions.apply(project=project, expert=expert(name), by=user(name), message="I know ice.") for name in names]


def test_mina_sees_applicants_with_reasons_and_decides_on_several() -> None:
    project = opened()
    emil, lena, kofi = applied(project, "Emil", "Lena", "Kofi")
    mina = browser("Mina")
    page = text(mina.get(url("applicants", project)))
    for words in ("Emil Sørensen", "PhD in Physics", "I know ice.", "% fit", "hours a week", "Accept"):
        assert words in page
    mina.post(
        url("decide", project),
        {"application": [emil.public_id, lena.public_id], "decision": "accept", "reason": "Welcome."},
    )
    assert [fresh(each).status for each in (emil, lena, kofi)] == ["accepted", "accepted", "submitted"]
    without = mina.post(url("decide", project), {"application": kofi.public_id, "decision": "decline"})
    assert said(without)[-1] == "Say why: the expert reads it."
    nobody = mina.post(url("decide", project), {"decision": "accept"})
    assert said(nobody)[-1] == "Choose at least one application."
    assert "Welcome." in text(mina.get(url("applicants", project)))


def test_rosa_sees_but_does_not_decide() -> None:
    project = opened()
    [emil] = applied(project, "Emil")
    rosa = browser("Rosa")
    assert 'name="application"' not in text(rosa.get(url("applicants", project)))
    answer = rosa.post(url("decide", project), {"application": emil.public_id, "decision": "accept"})
    assert answer.status_code == 403
    assert fresh(emil).status == "submitted"


def test_who_does_not_fit_any_more_is_marked() -> None:
    project = opened(countries=["DK"])
    applied(project, "Emil")
    edit_profile(expert=expert("Emil"), by=user("Emil"), country="SE")
    assert "Does not fit now" in text(browser("Mina").get(url("applicants", project)))


def test_mina_invites_from_the_shortlist() -> None:
    project = opened()
    emil = expert("Emil")
    mina = browser("Mina")
    assert "Nobody has applied yet" in text(mina.get(url("applicants", project)))
    mina.post(url("rematch", project))
    assert "Emil Sørensen" in text(mina.get(url("applicants", project)))
    mina.post(url("invite", project), {"expert": emil.public_id})
    assert Invitation.objects.get().expert == emil
    assert "Invited" in text(mina.get(url("applicants", project)))
    again = mina.post(url("invite", project), {"expert": emil.public_id})
    assert said(again) == ["This expert is not on the shortlist any more."]


def test_nothing_is_left_to_decide_when_nobody_waits() -> None:
    project = opened()
    [emil] = applied(project, "Emil")
    mina = browser("Mina")
    assert 'name="decision"' in text(mina.get(url("applicants", project)))
    mina.post(url("decide", project), {"application": emil.public_id, "decision": "accept"})
    page = text(mina.get(url("applicants", project)))
    assert "Emil Sørensen" in page
    assert 'name="decision"' not in page


def test_the_applicants_page_costs_the_same_however_many(django_assert_max_num_queries: Any) -> None:
    project = opened()
    applied(project, "Emil", "Lena", "Kofi", "Noor", "Juan", "Tariq")
    mina = browser("Mina")
    mina.get(url("applicants", project))
    with django_assert_max_num_queries(21):
        mina.get(url("applicants", project))


# --- the expert -------------------------------------------------------------------------------------------------------


def offer(project: Project) -> str:
    return reverse("tasks:offer", args=[project.public_id])


def test_emil_applies_sees_his_date_and_withdraws() -> None:
    project = opened()
    expert("Emil")
    emil = browser("Emil")
    assert "Apply" in text(emil.get(offer(project)))
    assert emil.post(url("apply", project), {"message": "I know ice."})["Location"] == offer(project)
    application = Application.objects.get()
    assert application.message == "I know ice."
    page = text(emil.get(url("mine")))
    assert "Why ice floats" in page
    assert "By" in page
    assert "The lab answers by" in text(emil.get(offer(project)))
    emil.post(url("withdraw", application))
    assert fresh(application).status == "withdrawn"
    assert "You may apply again" in text(emil.get(offer(project)))


def test_who_does_not_qualify_reads_why_on_the_offer() -> None:
    project = opened(fields=["0421"])
    expert("Emil")
    emil = browser("Emil")
    page = text(emil.get(offer(project)))
    assert "Asks for a bachelor&#x27;s or higher in Law." in page
    assert url("apply", project) not in page
    assert "Asks for" in said(emil.post(url("apply", project)))[0]


def test_the_accepted_read_and_accept_the_agreements() -> None:
    project = opened()
    [application] = applied(project, "Emil")
    emil = browser("Emil")
    assert "once the lab has taken you on" in text(emil.get(url("agreements", application)))
    actions.accept_application(application=application, by=user("Mina"), reason="Welcome.")
    assert "Welcome." in text(emil.get(offer(project)))
    assert "Accept agreements" in text(emil.get(url("mine")))
    page = text(emil.get(url("agreements", application)))
    assert "I have read all 3" in page
    missed = emil.post(url("agreements", application))
    assert missed.status_code == 422
    assert "Tick the box" in text(missed)
    assert emil.post(url("agreements", application), {"accept": "yes"})["Location"] == offer(project)
    assert fresh(application).consent_id is not None
    assert "You accepted these" in text(emil.get(url("agreements", application)))
    assert "To the work" in text(emil.get(url("mine")))


def test_a_declined_application_shows_the_reason() -> None:
    project = opened()
    [application] = applied(project, "Emil")
    actions.decline_application(application=application, by=user("Mina"), reason="We need chemists.")
    emil = browser("Emil")
    assert "We need chemists." in text(emil.get(url("mine")))
    assert "We need chemists." in text(emil.get(offer(project)))


def test_an_invitation_is_accepted_or_declined() -> None:
    first, second = opened(), opened(title="More ice")
    emil = expert("Emil")
    one = actions.invite(project=first, expert=emil, by=user("Mina"))
    two = actions.invite(project=second, expert=emil, by=user("Mina"))
    page = browser("Emil")
    assert page.get(url("invitation", one))["Location"] == offer(first)
    assert "You are invited" in text(page.get(offer(first)))
    assert "Why you" in text(page.get(url("mine")))
    joined = page.post(url("invitation_accept", one))
    assert joined["Location"] == url("agreements", Application.objects.get())
    page.post(url("invitation_decline", two))
    assert fresh(two).status == "declined"
    again = page.post(url("invitation_accept", one))
    assert again["Location"] == offer(first)
    assert said(again)


@pytest.mark.parametrize("name", ["withdraw", "agreements"])
def test_anothers_application_is_not_there(name: str) -> None:
    [application] = applied(opened(), "Emil")
    expert("Lena")
    for other in ("Lena", "Mina", "Sam"):
        assert browser(other).post(url(name, application), {"accept": "yes"}).status_code == 404


@pytest.mark.parametrize("name", ["invitation_accept", "invitation_decline"])
def test_anothers_invitation_is_not_there(name: str) -> None:
    invitation = actions.invite(project=opened(), expert=expert("Emil"), by=user("Mina"))
    expert("Lena")
    for other in ("Lena", "Mina", "Sam"):
        assert browser(other).post(url(name, invitation)).status_code == 404
        assert browser(other).get(url("invitation", invitation)).status_code == 404


def test_who_is_no_expert_yet_is_led_to_the_profile() -> None:
    project = opened()
    assert browser("Sam").get(url("mine"))["Location"] == reverse("experts:profile")
    assert browser("Sam").post(url("apply", project)).status_code == 404


def test_an_expert_without_applications_is_shown_the_way() -> None:
    expert("Emil")
    page: HttpResponse = browser("Emil").get(url("mine"))  # type: ignore[assignment]
    assert "No applications yet" in text(page)


def test_ones_own_labs_project_is_not_on_offer() -> None:
    project = opened()
    expert("Mina")
    assert browser("Mina").post(url("apply", project)).status_code == 404


def test_the_list_of_fields_begins_with_what_people_study_and_ends_with_what_is_nothing_else() -> None:
    physical = [label for _, label in field_choices() if label.startswith("Phys")]
    assert physical[0] == "Physics"
    assert physical[1] == "Physical sciences (whole area 053)"
    assert {label.split()[2] for label in physical[2:]} == {"not"}
