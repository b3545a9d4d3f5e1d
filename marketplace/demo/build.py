"""Making the demo's people and labs, each through the action that the site itself would call."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts import actions as accounts
from accounts.models import Lab, Role, User
from core.actors import SYSTEM
from experts import actions as experts
from experts.models import Credential, Expert, Field
from marketplace.demo import people
from marketplace.demo.documents import certificate
from marketplace.demo.people import Degree, DemoExpert, Person


def account(person: Person, *, password: str = people.PASSWORD, staff: bool = False) -> User:
    """The person's account; made when it is not there."""
    found = User.objects.filter(email=person.email).first()
    return found or accounts.create_account(
        email=person.email, name=person.name, password=password, time_zone=person.zone, staff=staff, by=SYSTEM
    )


@transaction.atomic
def labs(ops: User) -> Lab:
    """Meridian AI with its members, confirmed; Northwind Research, still waiting for ops. Returns the first."""
    owner = account(people.OWNER)
    lab = accounts.create_lab(**people.MERIDIAN, time_zone=people.OWNER.zone, by=owner)
    for person, role in ((people.MANAGER, Role.MANAGER), (people.REVIEWER, Role.REVIEWER)):
        invite = accounts.invite_member(lab=lab, email=person.email, role=role, by=owner)
        accounts.accept_member_invite(invite=invite, by=account(person))
    lab = accounts.confirm_lab(lab=lab, by=ops, note="Company register and website checked.")
    waiting = account(people.WAITING_OWNER)
    accounts.create_lab(**people.NORTHWIND, time_zone=people.WAITING_OWNER.zone, by=waiting)
    return lab


@transaction.atomic
def expert(who: DemoExpert, ops: User) -> Expert:
    """The expert with a profile, a degree claimed on a document, and what ops have said of it."""
    user = account(who.person)
    made = experts.become_expert(
        user=user,
        country=who.country,
        headline=who.headline,
        languages=list(who.languages),
        min_rate=who.rate,
        weekly_hours=12,
        by=user,
    )
    credential = claimed(made, who.degree)
    _decide(credential, who.degree, ops)
    return made


def claimed(owner: Expert, degree: Degree) -> Credential:
    """The degree with its document handed in: waiting for ops."""
    name = degree.name or owner.user.name
    credential = experts.claim_credential(
        expert=owner,
        title=degree.title,
        level=degree.level,
        field=Field.objects.get(code=degree.field),
        institution_name=degree.institution,
        country=degree.country,
        year=degree.year,
        name_on_document=owner.user.name,
        by=owner.user,
    )
    document = certificate(name=name, title=degree.title, institution=degree.institution, year=degree.year)
    upload = SimpleUploadedFile("certificate.pdf", document, content_type="application/pdf")
    experts.add_evidence(credential=credential, upload=upload, by=owner.user)
    return Credential.objects.get(pk=credential.pk)


def _decide(credential: Credential, degree: Degree, ops: User) -> None:
    if degree.state == "verified":
        experts.verify_credential(credential=credential, by=ops, message="Confirmed with the registrar's office.")
    elif degree.state == "refused":
        message = f"The certificate is made out to {degree.name}. Please send one in your name."
        experts.refuse_credential(credential=credential, reason="name_mismatch", message=message, by=ops)
    elif degree.state == "needs_more":
        message = "The seal is cut off. Please scan the whole page, and add the transcript."
        experts.ask_for_more(credential=credential, message=message, by=ops)
