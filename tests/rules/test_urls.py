"""Every address × every kind of person: who gets in is a table, and an address missing from it fails.

"In" means neither sent to sign in or to the expert's profile, nor 403, nor 404, nor 405. A rule of the moment (409, an
error on the form) is in, so each POST that a role decides carries data that its form accepts (`World.given`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.actions import create_token, invite_member
from accounts.models import Role
from core.actors import SYSTEM
from experts.actions import issue_record, make_partner
from experts.letters import unsubscribe_path
from experts.models import Evidence, EvidencePage, Narrowing, OrcidItem
from payments.models import Funding, Refund
from projects.actions import invite, run_shortlist
from tasks.models import Export, Import
from tests.people import agreements, credential, expert, lab, ops, user
from tests.tasks.scene import handed_in, project

pytestmark = pytest.mark.django_db

# Nobody: not signed in. Sam: an account, nothing else. Emil: the expert whose work, credential, key … it is.
# Farah: another expert. Ada, Mina, Rosa: owner, manager, reviewer of the lab. Zoe: owner of another lab. Olu: ops.
PEOPLE = ("Nobody", "Sam", "Emil", "Farah", "Ada", "Mina", "Rosa", "Zoe", "Olu")
ALL = frozenset(PEOPLE)
SIGNED_IN = ALL - {"Nobody"}
EMIL = frozenset({"Emil"})
FARAH = frozenset({"Farah"})
EXPERTS = EMIL | FARAH
OWNER = frozenset({"Ada"})
MANAGERS = frozenset({"Ada", "Mina"})
MEMBERS = frozenset({"Ada", "Mina", "Rosa"})
OPS = frozenset({"Olu"})

GET: dict[str, frozenset[str]] = {
    "home": ALL,
    "pay": ALL,
    "status": ALL,
    "fields": ALL,
    "field": ALL,
    "robots": ALL,
    "sitemap": ALL,
    "healthz": ALL,
    "accounts:labs": SIGNED_IN,
    "accounts:lab_new": SIGNED_IN,
    "accounts:lab": MEMBERS | OPS,
    "accounts:lab_edit": OWNER,
    "accounts:lab_keys": OWNER,
    "accounts:invite": ALL,
    "accounts:notices": SIGNED_IN,
    "accounts:settings": SIGNED_IN,
    "accounts:tokens": SIGNED_IN,
    "accounts:agreement": ALL,
    "experts:profile": SIGNED_IN,
    "experts:profile_edit": EXPERTS,
    "experts:claim": EXPERTS,
    "experts:privacy": EXPERTS,
    "experts:credential": EMIL,
    "experts:claim_edit": EMIL,
    "experts:diploma": EMIL,
    "experts:record_mine": EXPERTS,
    "experts:did_document": ALL,
    "experts:record_status": ALL,
    "experts:record_verify": ALL,
    "experts:record": ALL,
    "experts:record_file": ALL,
    "experts:record_qr": ALL,
    "experts:evidence_page": EMIL | OPS,
    "experts:degree": ALL,
    "experts:orcid": EXPERTS,
    "experts:fields": ALL,
    "experts:invite": EXPERTS,
    "experts:join": ALL,
    "experts:partner": ALL,
    "experts:partner_logo": ALL,
    "experts:institutions": ALL,
    "experts:unsubscribe": ALL,
    "experts:fields_json": ALL,
    "payments:earnings": SIGNED_IN,
    "payments:earnings_csv": SIGNED_IN,
    "payments:earnings_pdf": SIGNED_IN,
    "payments:earnings_years": SIGNED_IN,
    "payments:payouts": SIGNED_IN,
    "payments:payout_setup": SIGNED_IN,
    "payments:funding": MEMBERS | OPS,
    "projects:new": SIGNED_IN,
    "projects:edit": MANAGERS,
    "projects:match": MANAGERS,
    "projects:total": MANAGERS,
    "projects:fund": MANAGERS,
    "projects:applicants": MEMBERS | OPS,
    "projects:mine": EXPERTS,
    "projects:agreements": EMIL,
    "projects:invitation": FARAH,
    "tasks:dashboard": SIGNED_IN,
    "tasks:project": MEMBERS | OPS,
    "tasks:spend": MEMBERS | OPS,
    "tasks:refunds": MEMBERS | OPS,
    "tasks:lines": MEMBERS | OPS,
    "tasks:billing_home": SIGNED_IN,
    "tasks:billing": MEMBERS | OPS,
    "tasks:statement": MEMBERS | OPS,
    "tasks:month_csv": MEMBERS | OPS,
    "tasks:settings": MEMBERS | OPS,
    "tasks:task_list": MEMBERS | OPS,
    "tasks:task": MEMBERS | OPS,
    "tasks:review_queue": MEMBERS | OPS,
    "tasks:submission": MEMBERS | OPS,
    "tasks:imports": MEMBERS | OPS,
    "tasks:import": MEMBERS | OPS,
    "tasks:exports": MEMBERS | OPS,
    "tasks:export": MEMBERS | OPS,
    "tasks:export_download": MANAGERS,
    "tasks:browse": EXPERTS,
    "tasks:offer": EXPERTS,
    "tasks:work": EXPERTS,
    "tasks:my_work": EXPERTS,
    "tasks:bench": EMIL,
}
POST: dict[str, frozenset[str]] = {
    "side": ALL,
    "preview": SIGNED_IN,
    "accounts:lab_new": SIGNED_IN,
    "accounts:lab_edit": OWNER,
    "accounts:lab_keys": OWNER,
    "accounts:invite_revoke": OWNER,
    "accounts:member_invite": OWNER,
    "accounts:member_role": OWNER,
    "accounts:member_remove": frozenset({"Ada", "Rosa"}),  # anybody may leave; it is Rosa who is removed
    "accounts:notices_read": SIGNED_IN,
    "accounts:settings": SIGNED_IN,
    "accounts:tokens": SIGNED_IN,
    "accounts:token_revoke": EMIL,
    "payments:funding_cancel": MANAGERS,
    "payments:payout_setup": SIGNED_IN,
    "experts:unsubscribe": ALL,
    "experts:profile": SIGNED_IN,
    "experts:profile_edit": EXPERTS,
    "experts:claim": EXPERTS,
    "experts:claim_edit": EMIL,
    "experts:diploma": EMIL,
    "experts:record_make": EXPERTS,
    "experts:record_withdraw": EXPERTS,
    "experts:record_verify": ALL,
    "experts:evidence": EMIL,
    "experts:narrowing": EMIL,
    "experts:mailbox": EMIL,
    "experts:register": EMIL,
    "experts:orcid_read": EXPERTS,
    "experts:orcid_disconnect": EXPERTS,
    "experts:orcid_claim": EMIL,
    "experts:orcid_use": EMIL,
    "experts:mailbox_code": EMIL,
    "experts:appeal": EMIL,
    "experts:document_delete": EMIL,
    "projects:new": SIGNED_IN,
    "projects:edit": MANAGERS,
    "projects:fund": MANAGERS,
    "projects:open": MANAGERS,
    "projects:cancel": MANAGERS,
    "projects:decide": MANAGERS,
    "projects:invite": MANAGERS,
    "projects:rematch": MANAGERS,
    "projects:apply": EXPERTS,
    "projects:withdraw": EMIL,
    "projects:agreements": EMIL,
    "projects:invitation_accept": FARAH,
    "projects:invitation_decline": FARAH,
    "tasks:refunds": OWNER,
    "tasks:refund_cancel": OWNER,
    "tasks:step": MANAGERS,
    "tasks:task_withdraw": MANAGERS,
    "tasks:task_repair": MANAGERS,
    "tasks:decide": MEMBERS,
    "tasks:imports": MANAGERS,
    "tasks:import_confirm": MANAGERS,
    "tasks:import_discard": MANAGERS,
    "tasks:exports": MANAGERS,
    "tasks:export_retry": MANAGERS,
    "tasks:claim": EMIL,
    "tasks:draft": EMIL,
    "tasks:submit": EMIL,
    "tasks:extend": EMIL,
    "tasks:release": EMIL,
    "tasks:appeal": EMIL,
}
ELSEWHERE = {
    "payments:bank_details": "for people who are paid by hand; tests/payments",
    "payments:payout_continue": "leads to Stripe; tests/payments",
    "payments:payout_return": "asks Stripe; tests/payments",
    "payments:payee_refresh": "asks Stripe; tests/payments",
    "demo_mail": "demo only; tests/runtime",
    "payments:webhook": "Stripe's signature decides; tests/payments",
    "payments:webhook_connect": "Stripe's signature decides; tests/payments",
    "payments:webhook_thin": "Stripe's signature decides; tests/payments",
}


class World:
    """One of each thing, so that every address leads somewhere."""

    def __init__(self) -> None:
        agreements()
        self.lab = lab()
        zoe = user("Zoe")
        other = lab("Otter Labs")
        other.memberships.all().delete()
        other.memberships.create(user=zoe, role=Role.OWNER)
        self.project = project(3, overlap=2)
        self.work = handed_in(self.project, "Emil")
        self.emil = expert("Emil")
        self.farah = expert("Farah", country="DE")
        expert("Noor", country="DE")
        user("Sam")
        ops()
        self.shortlist = run_shortlist(project=self.project, by=SYSTEM).shortlist
        self.invitation = invite(project=self.project, expert=self.farah, by=user("Mina"))
        self.application = self.emil.applications.get()
        self.credential = credential(self.emil)
        self.narrowing = Narrowing.objects.create(
            credential=self.credential, field=self.credential.field, level=7, words="A master's.", proposed_by=ops()
        )
        self.evidence = Evidence.objects.create(
            credential=self.credential,
            file=ContentFile(b"%PDF", "diploma"),
            filename="diploma.pdf",
            content_type="application/pdf",
            size=4,
            sha256="0" * 64,
        )
        self.item = OrcidItem.objects.create(expert=self.emil, kind="education", put_code=1, organisation="Elsewhere")
        EvidencePage.objects.create(evidence=self.evidence, number=1, image=ContentFile(b"png", "page"))
        self.member_invite = invite_member(lab=self.lab, email="new@people.example", role=Role.REVIEWER, by=user("Ada"))
        self.token, _ = create_token(name="mine", lab=None, by=user("Emil"))
        self.funding = Funding.objects.create(
            ref=self.project.public_id,
            lab=self.lab,
            title="Funds",
            amount=10_000,
            currency="usd",
            success_url="http://testserver/",
            cancel_url="http://testserver/",
            created_by=user("Mina"),
        )
        self.record = issue_record(expert=self.emil, by=user("Emil"))
        self.partner = make_partner(name="Danish Physical Society", slug="dfs", logo=b"png", by=ops())
        self.refund = Refund.objects.create(funding=self.funding, amount=100, currency="usd")
        self.upload = Import.objects.create(
            project=self.project,
            file=ContentFile(b"{}", "tasks.jsonl"),
            filename="tasks.jsonl",
            format="jsonl",
            uploaded_by=user("Mina"),
        )
        self.export = Export.objects.create(
            project=self.project,
            format="lossless",
            status=Export.Status.DONE,
            file=ContentFile(b"{}\n", "rows.jsonl"),
            requested_by=user("Mina"),
            finished_at=timezone.now(),
        )

    def given(self, name: str) -> dict[str, object]:
        """What the form of this address wants, where an empty one would be turned down before anybody asks who."""
        known: dict[str, dict[str, object]] = {
            "accounts:member_invite": {"email": "else@people.example", "role": "reviewer"},
            "projects:decide": {
                "application": self.application.public_id,
                "decision": "decline",
                "reason": "The team is complete.",
            },
            "projects:invite": {"expert": self.shortlist.get(expert__user=user("Noor")).expert.public_id},
            "tasks:refunds": {"amount": "1.00", "reason": "The work is done."},
            "tasks:task_withdraw": {"note": "It is ambiguous."},
            "tasks:task_repair": {"payload": json.dumps(self.work.task.payload)},
            "tasks:decide": {"verdict": "accept", "accept-note": ""},
            "tasks:imports": {"upload": ContentFile(b"{}\n", "tasks.jsonl")},
            "tasks:exports": {"format": "lossless"},
        }
        return known.get(name, {})

    def arguments(self, route: str) -> dict[str, object]:
        known: dict[str, object] = {
            "lab_id": self.lab.public_id,
            "lab": self.lab.public_id,
            "month": "2026-11",
            "invite_id": self.member_invite.public_id,
            "user_id": user("Rosa").public_id,
            "token_id": self.token.public_id,
            "agreement_id": agreements()[0].public_id,
            "credential_id": self.credential.public_id,
            "evidence_id": self.evidence.public_id,
            "item_id": self.item.public_id,
            "document_id": self.evidence.public_id,
            "narrowing_id": self.narrowing.public_id,
            "number": 1,
            "list_number": 0,
            "record_id": self.record.public_id,
            "token": unsubscribe_path("0" * 64).split("/")[2],
            "code": self.emil.join_code,
            "slug": self.partner.slug,
            "name": "0533-physics",
            "funding_id": self.funding.public_id,
            "rfd": self.refund.public_id,
            "prj": self.project.public_id,
            "step": "brief",
            "verb": "pause",
            "app": self.application.public_id,
            "ivt": self.invitation.public_id,
            "tsk": self.work.task.public_id,
            "sub": self.work.public_id,
            "imp": self.upload.public_id,
            "out": self.export.public_id,
        }
        return {name: value for name, value in known.items() if f":{name}>" in route}


def addresses() -> Iterator[tuple[str, str]]:
    """(name, route) of every address of ours that a person's browser can ask for."""

    def walk(patterns: list[URLPattern | URLResolver], space: str, route: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            here = route + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                if pattern.app_name == "admin" or here.startswith(("accounts/", "api/")):
                    continue  # ops only by Django; allauth's own; the API has its table in tests/journey
                yield from walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space, here)
            elif pattern.name:
                yield space + pattern.name, here

    yield from walk(get_resolver().url_patterns, "", "")


ROUTES = dict(addresses())


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def who_gets_in(world: World, browsers: dict[str, Client], name: str, method: str) -> frozenset[str]:
    url = reverse(name, kwargs=world.arguments(ROUTES[name]))
    inside = set()
    for person, browser in browsers.items():
        with undone():
            response = browser.get(url) if method == "GET" else browser.post(url, world.given(name))
        for close_file in getattr(response, "_resource_closers", ()):  # close() would also end this test's connection
            close_file()
        away = response.headers.get("Location", "")
        sent_away = response.status_code == 302 and (away.startswith("/accounts/login") or away == "/expert/")
        if response.status_code not in (403, 404, 405) and not sent_away:
            inside.add(person)
    return frozenset(inside)


@pytest.mark.broken_books("the refund of a payment that was never made is scenery")
@pytest.mark.parametrize(("method", "table"), [("GET", GET), ("POST", POST)])
def test_who_gets_in(method: str, table: dict[str, frozenset[str]]) -> None:
    world = World()
    browsers = {person: Client() for person in PEOPLE}
    for person in SIGNED_IN:
        browsers[person].force_login(user(person))
    found = {name: who_gets_in(world, browsers, name, method) for name in ROUTES if name not in ELSEWHERE}
    wrong = {
        name: {
            "in": sorted(inside - table.get(name, frozenset())),
            "out": sorted(table.get(name, frozenset()) - inside),
        }
        for name, inside in found.items()
        if inside != table.get(name, frozenset())
    }
    assert wrong == {}


def test_every_address_is_in_the_table() -> None:
    assert set(ROUTES) == {*GET, *POST, *ELSEWHERE}


def test_ops_pages_are_for_ops_only() -> None:
    for person, status in (("Ada", 302), ("Emil", 302), ("Olu", 200)):
        client = Client()
        client.force_login(user(person))
        assert client.get("/admin/").status_code == status
