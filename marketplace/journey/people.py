"""Who takes part: a lab, eight experts of known skill, and ops. Keys are made here; the rest they do over HTTP."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from accounts import actions as accounts
from accounts.models import Lab, User
from core.actors import SYSTEM
from experts import actions as experts
from experts.models import Credential
from marketplace.demo.documents import certificate
from marketplace.journey.door import Caller, Json
from marketplace.journey.skill import SKILLS, Answerer

NAMES = ("Alma", "Boris", "Chidi", "Dora", "Emre", "Freya", "Goran", "Hedda")
DEGREES = (("PhD in Mathematics", 8, "0541"), ("MSc in Statistics", 7, "0542"), ("PhD in Physics", 8, "0533"))


@dataclass
class Worker:
    """One expert: the caller, how well they answer, and what happened to their work."""

    call: Caller
    answerer: Answerer
    user: User
    tries: dict[str, int] = field(default_factory=dict)  # by submission


def account(run: str, name: str, *, staff: bool = False) -> User:
    email = f"{name.lower()}.{run}@journey.example"
    return accounts.create_account(email=email, name=f"{name} of {run}", password=None, staff=staff, by=SYSTEM)


def fresh_run() -> str:
    """Each journey has its own people, so that it can be taken again."""
    return secrets.token_hex(3)


def key_for(user: User, lab: Lab | None = None) -> str:
    return accounts.create_token(name="journey", by=user, lab=lab)[1]


def lab_of(base: str, owner: User, ops: User, run: str) -> Caller:
    """The owner founds the lab over HTTP, ops confirm it; returns the lab's own key at work."""
    founder = Caller(base, key_for(owner), owner.name)
    told = {"name": f"Journey {run}", "website": "https://journey.example", "country": "US"}
    made = founder.post("labs/", {**told, "time_zone": "America/New_York"})
    lab = Lab.objects.get(public_id=made["id"])
    accounts.confirm_lab(lab=lab, by=ops, note="Known to us.")
    return Caller(base, key_for(owner, lab), f"{owner.name}, lab")


def worker(base: str, number: int, run: str, ops: User) -> Worker:
    """An expert with a profile, a degree handed in with its document, and verified by ops."""
    name = NAMES[number]
    user = account(run, name)
    call = Caller(base, key_for(user), name)
    call.post("expert/", {"country": "US", "headline": "Checks other people's reasoning", "languages": ["en"]})
    title, level, code = DEGREES[number % len(DEGREES)]
    claim = {"title": title, "level": level, "field": code, "institution_name": "University of Utah", "country": "US"}
    credential = call.post("credentials/", {**claim, "year": 2015, "name_on_document": user.name})
    document = certificate(name=user.name, title=title, institution="University of Utah", year=2015)
    call.ask("POST", f"credentials/{credential['id']}/evidence/", file=("upload", "degree.pdf", document))
    waiting = Credential.objects.get(public_id=credential["id"])
    experts.verify_credential(credential=waiting, by=ops, message="Confirmed by the registrar.")
    return Worker(call, Answerer(name, SKILLS[number]), user)


def in_numbers(earnings: list[Json]) -> dict[str, int]:
    """Cents by kind of earning."""
    found: dict[str, int] = {}
    for earning in earnings:
        found[earning["kind"]] = found.get(earning["kind"], 0) + earning["pay"]
    return found
