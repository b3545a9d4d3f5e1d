"""The environment is read once, by a pure reader that never repeats a secret."""

from __future__ import annotations

import pytest

from marketplace.env import BadEnvironment, Env


def test_a_database_on_a_server() -> None:
    env = Env({"DATABASE_URL": "postgresql://ada:p%40ss@db.internal:5433/market?sslmode=require"})
    assert env.database("DATABASE_URL", "") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "market",
        "USER": "ada",
        "PASSWORD": "p@ss",
        "HOST": "db.internal",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_database_behind_a_unix_socket() -> None:
    found = Env({}).database("DATABASE_URL", "postgresql://quorum@/quorum?host=%2Frun%2Fpg")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("/run/pg", "", {})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("console:", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        (
            "file:///var/mail%20box",
            {
                "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "EMAIL_FILE_PATH": "/var/mail box",
            },
        ),
        (
            "smtp://ada:s%3Acret@mail.example.org:587?tls=1",
            {
                "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "EMAIL_HOST": "mail.example.org",
                "EMAIL_PORT": 587,
                "EMAIL_HOST_USER": "ada",
                "EMAIL_HOST_PASSWORD": "s:cret",
                "EMAIL_USE_TLS": True,
                "EMAIL_USE_SSL": False,
                "EMAIL_TIMEOUT": 20,
            },
        ),
    ],
)
def test_the_three_ways_of_mail(url: str, expected: dict[str, object]) -> None:
    assert Env({"EMAIL_URL": url}).email("EMAIL_URL", "") == expected


def test_plain_values() -> None:
    env = Env({"ON": "Yes", "OFF": "0", "COUNT": "7", "HOSTS": "a.example, b.example c.example", "NAME": "x"})
    assert (env.flag("ON"), env.flag("OFF"), env.flag("MISSING"), env.flag("MISSING", True)) == (
        *(True, False),
        *(False, True),
    )
    assert (env.number("COUNT", 1), env.number("MISSING", 1)) == (7, 1)
    assert env.words("HOSTS") == ["a.example", "b.example", "c.example"]
    assert (env.text("NAME"), env.text("MISSING", "y")) == ("x", "y")


@pytest.mark.parametrize("kind", ["flag", "number", "database", "email", "keys"])
def test_a_value_that_cannot_be_read_is_named_and_not_repeated(kind: str) -> None:
    env = Env({"SETTING": "mysql://root:hunter2@db/x"})
    arguments = {"flag": (), "number": (1,), "database": ("",), "email": ("",), "keys": ()}[kind]
    with pytest.raises(BadEnvironment, match="SETTING") as refusal:
        getattr(env, kind)("SETTING", *arguments)
    assert "hunter2" not in str(refusal.value)


def test_keys_are_32_bytes_each() -> None:
    one, two = "b25seS1mb3ItYS1kZW1vLW9uLXRoaXMtbWFjaGluZSE=", "b25seS1mb3ItYS1kZW1vLW9uLXRoaXMtbWFjaGluZT8="
    assert Env({"KEYS": f"{one}, {two}"}).keys("KEYS") == [one, two]
    assert Env({}).keys("KEYS") == []
    for wrong in ("c2hvcnQ=", "b25seS1"):
        with pytest.raises(BadEnvironment, match="KEYS"):
            Env({"KEYS": wrong}).keys("KEYS")
