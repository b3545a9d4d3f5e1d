"""pytest plugin (`-p marketplace.localstack.pytest_plugin`): real servers for one run, up before settings are read.

With DATABASE_URL set it starts nothing and the tests use those servers. Loaded before anything of Django.
Several processes (`-n 2`) share nothing: each worker starts servers of its own, and the one that leads them none,
because workers inherit its environment. Emptying the cache and the queue of one is then nothing to the others.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from marketplace.localstack import throwaway

NOT_SECRET = {
    "SECRET_KEY": "only-for-tests",
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_WEBHOOK_SECRET": "whsec_platform",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_connect",
    "STRIPE_THIN_WEBHOOK_SECRET": "whsec_thin",
    "ORCID_CLIENT_ID": "APP-ONLYFORTESTS",
    "ORCID_CLIENT_SECRET": "only-for-tests",
}
_open = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, None, None]:
    for name, value in NOT_SECRET.items():
        os.environ.setdefault(name, value)
    # Workers are started with the same arguments; xdist gives each its name before its plugins are loaded.
    leads_others = early_config.known_args_namespace.numprocesses and "PYTEST_XDIST_WORKER" not in os.environ
    if "DATABASE_URL" in os.environ:
        if leads_others:
            raise pytest.UsageError("DATABASE_URL names one set of servers, so the tests run in one process: JOBS=0")
    elif not leads_others:
        os.environ.update(_open.enter_context(throwaway.servers(with_tables=True)))
        early_config.add_cleanup(_open.close)
        args[:] = ["--reuse-db", *args]
    return (yield)
