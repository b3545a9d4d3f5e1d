"""allauth's hook at sign-up: the person's name and time zone are saved with the account, and how they came is told."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from core.events import record


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "").strip()
        user.time_zone = form.cleaned_data.get("time_zone") or "UTC"
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            record("user.signed_up", saved.public_id, by=saved, data={"via": form.cleaned_data.get("via", "")})
        return saved

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        with transaction.atomic():
            confirmed: bool = super().confirm_email(request, email_address)
            if confirmed:
                record("user.address_confirmed", email_address.user.public_id, by=email_address.user)
        return confirmed
