"""Signing up and in, and protecting an account: every page of it, in the order in which a person meets them."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import people

pytestmark = pytest.mark.django_db
NEW = "a far and quiet mountain"


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def link_in_the_last_mail() -> str:
    found = re.search(r"https?://[^/\s]+(/accounts/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def code_of(secret: str) -> str:
    """What the authenticator app shows now."""
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


@pytest.fixture
def sam(client: Client) -> Client:
    """Sam, signed in with his password a moment ago."""
    user = people.user("Sam")
    response = client.post(reverse("account_login"), {"login": user.email, "password": people.PASSWORD})
    assert response.status_code == 302
    return client


def confirm_that_it_is_sam(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    asked = page(client, response.headers["Location"])
    assert "Confirm that it is you" in asked
    client.post(response.headers["Location"], {"password": people.PASSWORD})


def test_sign_up_confirm_the_address_and_come_in(client: Client) -> None:
    assert "One account for both sides" in page(client, reverse("account_signup"))
    answer = client.post(
        reverse("account_signup"),
        {
            "name": "Nadia Comte",
            "email": "nadia@people.example",
            "password1": people.PASSWORD,
            "time_zone": "Europe/Paris",
        },
    )
    assert "Look into your mail" in page(client, answer.headers["Location"])
    link = link_in_the_last_mail()
    asked = page(client, link)
    assert "nadia@people.example" in asked
    client.post(link)
    assert EmailAddress.objects.get(email="nadia@people.example").verified
    client.logout()
    assert "no longer valid" in page(client, "/accounts/confirm-email/nonsense/")


def test_what_is_wrong_with_a_sign_up_stands_at_its_field(client: Client) -> None:
    response = client.post(reverse("account_signup"), {"name": "", "email": "nadia", "password1": "123"})
    html = response.content.decode()
    assert 'id="id_email_error"' in html
    assert "data-focus" in html


def test_a_forgotten_password(client: Client) -> None:
    user = people.user("Sam")
    assert "Reset your password" in page(client, reverse("account_reset_password"))
    answer = client.post(reverse("account_reset_password"), {"email": user.email})
    assert "If there is an account" in page(client, answer.headers["Location"])
    chosen = client.get(link_in_the_last_mail(), follow=True)
    assert "Choose a new password" in chosen.content.decode()
    path = chosen.redirect_chain[-1][0]
    answer = client.post(path, {"password1": NEW, "password2": NEW})
    assert "Password changed" in page(client, answer.headers["Location"])
    assert "no longer valid" in page(client, "/accounts/password/reset/key/1-nonsense/")
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_changing_the_password_and_signing_out(sam: Client) -> None:
    assert "Change password" in page(sam, reverse("account_change_password"))
    sam.post(reverse("account_change_password"), {"oldpassword": people.PASSWORD, "password1": NEW, "password2": NEW})
    assert people.user("Sam").check_password(NEW)
    assert "Drafts that were saved stay saved" in page(sam, reverse("account_logout"))
    sam.post(reverse("account_logout"))
    assert page(sam, reverse("account_login"))


def test_another_address(sam: Client) -> None:
    EmailAddress.objects.create(user=people.user("Sam"), email="sam@work.example")
    html = page(sam, reverse("account_email"))
    assert "sam@work.example" in html
    assert "Unverified" in html
    assert "Primary" in html


def test_an_authenticator_app_with_recovery_codes(sam: Client) -> None:
    assert "They come with the app" in page(sam, reverse("mfa_index"))
    confirm_that_it_is_sam(sam, reverse("mfa_activate_totp"))
    html = page(sam, reverse("mfa_activate_totp"))
    assert "<svg" in html
    assert "data:image" not in html
    secret = sam.session["mfa.totp.secret"]
    answer = sam.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    codes = page(sam, answer.headers["Location"])
    assert "10 of 10 are unused" in codes
    assert page(sam, reverse("mfa_download_recovery_codes"))
    assert "stop working" in page(sam, reverse("mfa_generate_recovery_codes"))
    html = page(sam, reverse("mfa_index"))
    assert "Switch off" in html
    assert "10 of 10 unused" in html

    sam.post(reverse("account_logout"))
    user = people.user("Sam")
    answer = sam.post(reverse("account_login"), {"login": user.email, "password": people.PASSWORD})
    asked = page(sam, answer.headers["Location"])
    assert "One more step" in asked
    assert "Use a passkey" in asked
    unused = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    assert sam.post(reverse("mfa_authenticate"), {"code": unused[0]}).status_code == 302
    assert "9 of 10 unused" in page(sam, reverse("mfa_index"))

    confirm_that_it_is_sam(sam, reverse("mfa_deactivate_totp"))
    assert "Keep it on" in page(sam, reverse("mfa_deactivate_totp"))
    assert "code" in page(sam, reverse("mfa_reauthenticate"))
    sam.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user, type="totp").exists()


def test_a_passkey_has_a_name_and_can_be_removed(sam: Client) -> None:
    """Adding one needs a device: tests/browser/test_foundation.py does it with Chromium's."""
    assert "No passkeys yet" in page(sam, reverse("mfa_list_webauthn"))
    data = {"name": "My laptop", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    key = Authenticator.objects.create(user=people.user("Sam"), type="webauthn", data=data)
    Authenticator.objects.create(user=people.user("Sam"), type="webauthn", data={**data, "credential": {}})
    assert "My laptop" in page(sam, reverse("mfa_list_webauthn"))
    assert "2 added" in page(sam, reverse("mfa_index"))
    confirm_that_it_is_sam(sam, reverse("mfa_edit_webauthn", args=[key.pk]))
    assert "Rename a passkey" in page(sam, reverse("mfa_edit_webauthn", args=[key.pk]))
    assert "Remove My laptop" in page(sam, reverse("mfa_remove_webauthn", args=[key.pk]))


@pytest.mark.parametrize("demo", [True, False])
def test_the_people_of_the_demo_are_one_click_away(client: Client, settings: Settings, demo: bool) -> None:
    settings.QUORUM_DEMO = demo
    html = page(client, reverse("account_login"))
    assert ("People of this demo" in html) is demo
    assert (reverse("demo_mail") in html) is demo


def knock(client: Client, times: int, *, whoever: str = "nobody{}", **headers: str) -> int:
    """Status of the last of so many sign-ins with a wrong password."""
    url = reverse("account_login")
    for n in range(times):
        typed = {"login": f"{whoever.format(n)}@people.example", "password": "wrong"}
        status = client.post(url, typed, headers=headers).status_code
    return status


def test_guessing_passwords_is_limited_by_account(client: Client) -> None:
    sam = people.user("Sam")
    knock(client, 5, whoever="sam")
    right = client.post(reverse("account_login"), {"login": sam.email, "password": people.PASSWORD})
    assert right.status_code == 200
    assert "Too many failed login attempts" in right.text


def test_trying_many_accounts_is_limited_by_address_and_says_so_in_words(client: Client) -> None:
    knock(client, 30)
    refused = client.get(reverse("account_login")), client.post(reverse("account_login"), {"login": "a@b.example"})
    assert [answer.status_code for answer in refused] == [200, 429]
    assert "Too many tries" in refused[1].text


def test_signing_up_is_limited_by_address(client: Client) -> None:
    statuses = [client.post(reverse("account_signup"), {"email": "no"}).status_code for _ in range(21)]
    assert (statuses[0], statuses[-1]) == (200, 429)


@pytest.mark.parametrize(("proxies", "neighbour"), [(1, 200), (0, 429)])
def test_behind_a_proxy_one_who_guesses_locks_nobody_else_out(
    client: Client, settings: Settings, proxies: int, neighbour: int
) -> None:
    """QUORUM_BEHIND_PROXY trusts one. The control: where none is trusted, the proxy's address is everybody's."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert knock(client, 31, **{"X-Forwarded-For": "203.0.113.7"}) == 429
    assert knock(client, 1, **{"X-Forwarded-For": "203.0.113.8"}) == neighbour


@pytest.mark.parametrize("page", ["account_login", "account_signup", "account_reset_password"])
def test_the_doors_label_their_fields_like_every_other_page(client: Client, page: str) -> None:
    text = client.get(reverse(page)).text
    assert ">E-mail address<" in text
    assert ">Email<" not in text
    assert "placeholder" not in text


@pytest.mark.parametrize("page", ["account_email", "account_change_password"])
def test_account_pages_write_labels_as_sentences(client: Client, page: str) -> None:
    people.sign_in(client, people.user("Sam"))
    labels = re.findall(r"<label for=\"id_[^>]*>([^<]+)", client.get(reverse(page)).text)
    assert labels
    assert [label for label in labels if label != label.capitalize()] == []
