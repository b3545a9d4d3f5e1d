"""Ops read amounts, not cents: on each record's own page as in the lists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from payments import actions
from payments.columns import MINOR_UNITS, Amounts
from payments.models import (
    Account,
    Adjustment,
    BalanceTransaction,
    Due,
    Earning,
    Entry,
    Funding,
    Payout,
    Reconciliation,
)
from projects.models import Project
from tasks.models import Seat
from tests import people
from tests.payments.stories import earned, funded, owed_a_minimum, payee
from tests.rules.house import own_models
from tests.sandbox import LocalStripe
from tests.tasks.scene import project

COUNTS = {"id", "xid", "entries", "last_entry", "dhash", "put_code"}  # large numbers that are no money


def is_money(field: models.Field[Any, Any]) -> bool:
    counts = field.primary_key or field.is_relation or field.name in COUNTS
    return isinstance(field, models.BigIntegerField) and not counts


def test_the_names_of_all_columns_of_minor_units_are_known() -> None:
    found = {field.name for model in own_models() for field in model._meta.concrete_fields if is_money(field)}
    assert found - MINOR_UNITS == set()
    assert {"amount", "balance", "stripe_fee", "borne"} <= found


def test_each_record_page_of_money_shows_amounts() -> None:
    without = {
        model.__name__
        for model, page in admin.site._registry.items()
        if {field.name for field in model._meta.concrete_fields} >= {"currency"}
        and MINOR_UNITS & {field.name for field in model._meta.concrete_fields}
        and not isinstance(page, Amounts)
    }
    assert without == set()


def shown(client: Client, row: models.Model) -> dict[str, str]:
    """Label → value of the record's page."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    page = client.get(reverse(name, args=[row.pk])).content.decode()
    pairs = re.findall(r"<label[^>]*>([^<]*):</label>\s*<div class=\"readonly\">(.*?)</div>", page, re.S)
    return {label: re.sub(r"<[^>]*>", "", value).strip() for label, value in pairs}


@pytest.mark.django_db
def test_a_cent_is_not_taken_for_a_dollar(stripe: LocalStripe, client: Client) -> None:
    funded(stripe, 123_450)
    emil = payee(stripe).user
    earned(emil)
    owed_a_minimum(emil)
    actions.make_payouts()
    actions.dispatch()
    run = actions.reconcile()
    actions.propose_adjustment(debit="goodwill", credit="house", amount=5, reason="A cent or so.", by=people.ops())
    client.force_login(people.ops())
    pages: list[tuple[models.Model, dict[str, str]]] = [
        (Funding.objects.get(), {"Amount": "$1,234.50", "Stripe fee": "$36.10"}),
        (Account.objects.get(kind="project_funds"), {"Balance": "$1,145.40"}),
        (Earning.objects.get(kind="task"), {"Pay": "$40.00", "Fee": "$8.00"}),
        (Due.objects.get(), {"Amount": "$5.00"}),
        (Payout.objects.get(), {"Amount": "$45.00"}),
        (Adjustment.objects.get(), {"Amount": "$0.05"}),
        (BalanceTransaction.objects.get(type="charge"), {"Amount": "$1,234.50", "Fee": "$36.10", "Net": "$1,198.40"}),
        (Reconciliation.objects.get(pk=run.pk), {"Ledger": "$1,153.40", "Stripe": "$1,153.40"}),
    ]
    for row, amounts in pages:
        assert amounts.items() <= shown(client, row).items()
    entry = Entry.objects.get(kind="funding")
    page = client.get(reverse("admin:payments_entry_change", args=[entry.pk])).content.decode()
    assert "-$1,234.50" in page
    assert "123450" not in page


@pytest.mark.django_db
def test_euros_are_euros(client: Client) -> None:
    Project.objects.filter(pk=project(1).pk).update(currency="eur", min_hourly=4_500)
    client.force_login(people.ops())
    amounts = {"Pay": "€10.00", "Fee": "€2.00", "Min hourly": "€45.00"}
    assert amounts.items() <= shown(client, Project.objects.get()).items()
    assert shown(client, Seat.objects.get())["Pay"] == "$10.00"
