"""The people of every test, always the same, so that tests read like stories.

Ada owns the lab Meridian AI, Mina manages its projects, Rosa reviews. Emil (physics), Farah (medicine), Juan (law),
Noor (computer science), Kofi (mathematics), Lena (chemistry), Tariq (economics) and Yuki (biology) are experts.
Olu and Petra are ops. Sam has an account and nothing else.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageDraw
from rest_framework.test import APIClient

from accounts.actions import create_account, create_token
from accounts.models import Agreement, Lab, Membership, Role, User
from accounts.queries import current_agreements
from core.actors import SYSTEM
from experts.actions import (
    become_expert,
    deliver_verdicts,
    refresh_match,
)
from experts.models import Credential, DegreeLevel, Expert, Field, Institution, Verdict

PASSWORD = "a long and quiet river"


@dataclass(frozen=True)
class Degree:
    title: str
    level: int
    field: str  # ISCED-F code
    institution: str


@dataclass(frozen=True)
class Person:
    name: str
    country: str = "US"
    degree: Degree | None = None
    languages: tuple[str, ...] = ("en",)
    min_rate: int = 4_000  # cents an hour


PEOPLE = {
    "Ada": Person("Ada Okafor"),
    "Mina": Person("Mina Park"),
    "Rosa": Person("Rosa Marin"),
    "Sam": Person("Sam Nobody"),
    "Olu": Person("Olu Adeyemi"),
    "Petra": Person("Petra Novak"),
    "Emil": Person(
        "Emil Sørensen",
        "DK",
        Degree("PhD in Physics", DegreeLevel.DOCTORATE, "0533", "University of Copenhagen"),
        ("en", "da"),
    ),
    "Farah": Person("Farah Siddiqui", "GB", Degree("MD", DegreeLevel.DOCTORATE, "0912", "University of Edinburgh")),
    "Juan": Person(
        "Juan Castillo", "MX", Degree("JD", DegreeLevel.DOCTORATE, "0421", "Georgetown University"), ("en", "es")
    ),
    "Noor": Person(
        "Noor Haddad",
        "DE",
        Degree("MSc in Computer Science", DegreeLevel.MASTER, "0613", "Technical University of Munich"),
        ("en", "de"),
    ),
    "Kofi": Person(
        "Kofi Mensah", "GH", Degree("PhD in Mathematics", DegreeLevel.DOCTORATE, "0541", "University of Cambridge")
    ),
    "Lena": Person(
        "Lena Fischer",
        "AT",
        Degree("Dr. rer. nat.", DegreeLevel.DOCTORATE, "0531", "University of Vienna"),
        ("en", "de"),
    ),
    "Tariq": Person(
        "Tariq Aziz",
        "PK",
        Degree("MSc in Economics", DegreeLevel.MASTER, "0311", "Lahore University of Management Sciences"),
    ),
    "Yuki": Person(
        "Yuki Tanaka", "JP", Degree("BSc in Biology", DegreeLevel.BACHELOR, "0511", "Kyoto University"), ("en", "ja")
    ),
}
STAFF = ("Olu", "Petra")


def user(name: str, **fields: Any) -> User:
    """The person of this first name: made when first asked for, fetched afterwards. Strangers are welcome too."""
    email = f"{name.lower()}@people.example"
    found = User.objects.filter(email=email).first()
    if found is None:
        full_name = PEOPLE[name].name if name in PEOPLE else name
        found = create_account(email=email, name=full_name, password=PASSWORD, staff=name in STAFF, by=SYSTEM)
    for key, value in fields.items():
        setattr(found, key, value)
    if fields:
        found.save(update_fields=list(fields))
    return found


def ops(name: str = "Olu") -> User:
    return user(name)


def lab(name: str = "Meridian AI", *, confirmed: bool = True, **fields: Any) -> Lab:
    """Meridian AI with Ada as owner, Mina as manager and Rosa as reviewer. Another name is another lab of Ada's."""
    status = Lab.Status.CONFIRMED if confirmed else Lab.Status.PENDING
    found, made = Lab.objects.get_or_create(
        name=name, defaults={"website": "https://meridian.example", "country": "US", "status": status, **fields}
    )
    if made:
        for member, role in (("Ada", Role.OWNER), ("Mina", Role.MANAGER), ("Rosa", Role.REVIEWER)):
            Membership.objects.create(lab=found, user=user(member), role=role)
    return found


def field(code: str) -> Field:
    """The field of this ISCED-F code, which the migrations load."""
    return Field.objects.get(code=code)


def agreements() -> list[Agreement]:
    """Terms, NDA and data licence in their newest versions."""
    return current_agreements()


def expert(name: str = "Emil", *, verified: bool = True, **profile: Any) -> Expert:
    """The expert of this first name, with their degree verified by Olu unless `verified` is False."""
    person = PEOPLE.get(name) or Person(name)
    found = Expert.objects.filter(user=user(name)).first()
    if found is None:
        given: dict[str, Any] = {
            "country": person.country,
            "languages": list(person.languages),
            "min_rate": person.min_rate,
            **profile,
        }
        found = become_expert(user=user(name), by=user(name), **given)
        if verified:
            credential(found, status=Credential.Status.VERIFIED)
    return found


def credential(owner: Expert, *, status: str = Credential.Status.EVIDENCED, **claim: Any) -> Credential:
    """The expert's degree in this status, without any document (see `evidence` for one)."""
    name = next((first for first, person in PEOPLE.items() if person.name == owner.user.name), "Emil")
    degree = PEOPLE[name].degree or Degree("PhD in Physics", DegreeLevel.DOCTORATE, "0533", "ETH Zurich")
    known = Institution.objects.filter(name=degree.institution).first()
    now = timezone.now()
    made = Credential.objects.create(
        expert=owner,
        status=status,
        **{
            "title": degree.title,
            "level": degree.level,
            "field": field(degree.field),
            "institution": known,
            "institution_name": degree.institution,
            "country": known.country if known else "US",
            "year": 2015,
            "name_on_document": owner.user.name,
            "claimed_at": now,
            "evidenced_at": now,
            "answer_by": now + timedelta(hours=24),
            **claim,
        },
        **_decision(status),
    )
    refresh_match(owner)
    return made


def _decision(status: str) -> dict[str, Any]:
    if status in (Credential.Status.CLAIMED, Credential.Status.EVIDENCED):
        return {}
    said = {"decided_at": timezone.now(), "decided_by": ops()}
    if status == Credential.Status.REFUSED:
        said |= {"reason": Credential.RefusalReason.ILLEGIBLE, "message": "The scan is too dark to read."}
    return said


def a_minute_passes() -> None:
    """What ops decided goes out."""
    Verdict.objects.filter(status=Verdict.Status.HELD).update(due_at=timezone.now())
    deliver_verdicts()


def diploma(words: str = "Doctor of Philosophy", kind: str = "png") -> SimpleUploadedFile:
    """A small document to hand in: `kind` is png, jpeg or pdf. Other words make another document."""
    image = Image.new("RGB", (420, 300), "ivory")
    ImageDraw.Draw(image).text((40, 120), words, fill="black")
    file = io.BytesIO()
    image.save(file, format=kind.upper())
    types = {"png": "image/png", "jpeg": "image/jpeg", "pdf": "application/pdf"}
    return SimpleUploadedFile(f"diploma.{kind}", file.getvalue(), content_type=types[kind])


def sign_in(client: Client, person: User) -> Client:
    """The browser of somebody who has signed in."""
    client.force_login(person)
    return client


def api_client_for(person: User, lab: Lab | None = None) -> APIClient:
    """A client with a key of this person: for the lab, or without one for their own expert work."""
    person.token = None
    _, secret = create_token(name="tests", lab=lab, by=person)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client
