"""`manage.py seed_demo`: people, projects, work and money to look at. Made once; later runs only print the sign-ins."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.models import Lab, User
from experts.models import Expert
from marketplace.demo import build, money, people, work
from marketplace.demo.projects import PROJECTS


class Command(BaseCommand):
    help = "Fills an empty demo. Needs QUORUM_DEMO, the web server, a worker, and for money the sandbox."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.QUORUM_DEMO:
            sys.exit("This is not a demo: set QUORUM_DEMO=1 where invented people do no harm.")
        ops = build.account(people.OPS, staff=True)
        lab = Lab.objects.filter(name=people.MERIDIAN["name"]).first() or build.labs(ops)
        experts = {who.person.key: _expert(who, ops) for who in people.EXPERTS}
        if money.sandbox_is_here():
            self.play(lab, experts, ops)
        else:
            self.stdout.write("No sandbox here: the projects stay drafts, nobody is paid.")
        self.tell()

    def play(self, lab: Lab, experts: dict[str, Expert], ops: User) -> None:
        """Each step is skipped where an earlier run has done it."""
        owner = User.objects.get(email=people.OWNER.email)
        reviewer = User.objects.get(email=people.REVIEWER.email)
        for who in people.EXPERTS:
            if who.payouts and not hasattr(experts[who.person.key].user, "payee"):
                money.set_up(experts[who.person.key].user, who.country)
        for demo in PROJECTS:
            work.stage(demo, lab, experts, owner, reviewer)
        work.pay_everybody(ops)

    def tell(self) -> None:
        self.stdout.write("  Sign in as")
        for email, password, role in people.demo_accounts():
            self.stdout.write(f"    {email:28} {password:8} {role}")


def _expert(who: people.DemoExpert, ops: User) -> Expert:
    return Expert.objects.filter(user__email=who.person.email).first() or build.expert(who, ops)
