"""Make a lab, experts with a key each, and open, funded projects of given sizes, all through the product's actions.

    python -m bench.ours_fill PEOPLE SIZE…    → {"lab_key", "session", "keys": […], "projects": {SIZE: prj_…}}

Stripe's word that a funding is paid is made up here; everything else is what the product does.
"""

from __future__ import annotations

import json
import os
import sys
from io import BytesIO

import django
from django.core.files.uploadedfile import SimpleUploadedFile

os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.settings"
django.setup()

from django.contrib.sessions.backends.cached_db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from accounts import actions as accounts  # noqa: E402
from accounts.models import Lab, User  # noqa: E402
from bench.payloads import jsonl  # noqa: E402
from core.actors import SYSTEM  # noqa: E402
from experts import actions as experts  # noqa: E402
from experts.models import Expert  # noqa: E402
from marketplace.demo.build import claimed  # noqa: E402
from marketplace.demo.people import Degree  # noqa: E402
from payments import gateway  # noqa: E402
from payments.actions import apply_checkout  # noqa: E402
from projects import actions as projects  # noqa: E402
from projects.models import Project  # noqa: E402
from projects.pricing import price  # noqa: E402
from tasks.actions.imports import check_import, confirm_import, run_import, start_import  # noqa: E402
from tasks.actions.seats import open_seats  # noqa: E402

PAY = 100  # cents
DEGREE = Degree("PhD in Physics", 8, "0533", "Bench University", "US", 2010)


def person(key: str, *, staff: bool = False) -> User:
    return accounts.create_account(
        email=f"{key}@bench.example", name=key.capitalize(), password=None, staff=staff, by=SYSTEM
    )


def lab_of(owner: User, ops: User) -> Lab:
    lab = accounts.create_lab(name="Bench", website="https://bench.example", country="US", by=owner)
    return accounts.confirm_lab(lab=lab, by=ops)


def expert(number: int, ops: User) -> Expert:
    user = person(f"expert{number}")
    made = experts.become_expert(user=user, country="US", languages=["en"], by=user)
    experts.verify_credential(credential=claimed(made, DEGREE), by=ops)
    return Expert.objects.select_related("user").get(pk=made.pk)


def project(lab: Lab, size: int, by: User, *, overlap: int = 1) -> Project:
    """Open and funded for twice its tasks, so that later imports are funded too."""
    draft = projects.create_project(
        lab=lab,
        title=f"{size} tasks",
        kind="preference",
        by=by,
        brief="Bench.",
        pay=PAY,
        minutes=1,  # so that it is more than the least an hour
        overlap=overlap,
        planned_tasks=max(size, 1),
        min_level=6,
    )
    projects.publish_instructions(project=draft, text="Compare.", by=by)
    fund(draft, price(pay=PAY, bps=draft.fee_bps, tasks=2 * size + 10, overlap=overlap).total, by)
    return projects.open_project(project=draft, by=by)


def fund(draft: Project, amount: int, by: User) -> None:
    back = "https://bench.example/"
    terms = {"success_url": back, "cancel_url": back, "method": "bank"}  # a new lab's card would be too small
    funding = projects.fund_project(project=draft, amount=amount, by=by, **terms)
    facts = gateway.Checkout(
        id=f"cs_{funding.public_id}",
        url="",
        reference=funding.public_id,
        status="complete",
        payment_status="paid",
        amount=amount,
        currency=funding.currency,
        payment_intent=f"pi_{funding.public_id}",
        charge=f"ch_{funding.public_id}",
        fee=30,
        payment_failed=False,
    )
    apply_checkout(facts=facts, by=SYSTEM)


def fill(into: Project, size: int, by: User) -> None:
    file = BytesIO(b"".join(jsonl(size)))
    upload = start_import(project=into, upload=SimpleUploadedFile("tasks.jsonl", file.getvalue()), by=by)
    checked = check_import(upload=upload)
    run_import(upload=confirm_import(upload=checked, by=by))
    open_seats(project=into, by=SYSTEM)


def join(to: Project, who: Expert, by: User) -> None:
    application = projects.apply(project=to, expert=who, by=who.user)
    application = projects.accept_application(application=application, by=by)
    projects.accept_project_agreements(application=application, by=who.user)


def session_of(user: User) -> str:
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def main(people: int, sizes: list[int]) -> None:
    call_command("migrate", verbosity=0)
    ops, owner = person("ops", staff=True), person("owner")
    lab = lab_of(owner, ops)
    _, lab_key = accounts.create_token(name="bench", by=owner, lab=lab)
    everyone = [expert(number, ops) for number in range(people)]
    keys = [accounts.create_token(name="bench", by=each.user)[1] for each in everyone]
    made: dict[str, str] = {}
    for size in sizes:
        fresh = project(lab, size, owner)
        if size:
            fill(fresh, size, owner)
        for each in everyone:
            join(fresh, each, owner)
        made[str(size)] = fresh.public_id
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(json.dumps({"lab_key": lab_key, "session": session_of(owner), "keys": keys, "projects": made}))


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(size) for size in sys.argv[2:]])
