"""allauth's hooks: a sign-up saves name and time zone and tells how one came; an ORCID iD opens its account."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from accounts.models import User
from core.events import record

UNKNOWN = "No account is connected to this ORCID iD. Sign in or sign up, then connect it on your expert profile."


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


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Nobody signs up this way: an account has an address and a name. Of the record we keep the iD alone."""
        sociallogin.account.extra_data = {}
        if sociallogin.is_existing:
            sociallogin.account.save(update_fields=["extra_data"])
        elif sociallogin.state.get("process") != "connect":
            messages.error(request, UNKNOWN)
            raise ImmediateHttpResponse(redirect("account_login"))
