#!/usr/bin/env python
"""Django's command line, plus `up`, which starts everything and so must run before Django loads."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    if sys.argv[1:2] == ["up"]:
        from marketplace.localstack import up

        sys.exit(up.main(sys.argv[2:]))
    from marketplace.localstack import endpoints

    endpoints.adopt()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
