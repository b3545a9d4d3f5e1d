"""Who does something: a signed-in person, or the product itself."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser


class System:
    """The product acting by a published rule: a clock that ran out, a webhook, a sweep."""

    pk = None

    def __str__(self) -> str:
        return "Quorum"


SYSTEM: Final = System()

Actor = AbstractBaseUser | System
