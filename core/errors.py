"""What the product says no with. Doors translate these; nothing else catches them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one place of an input: `row` counts from 1, None where there are no rows."""

    message: str
    field: str = ""
    row: int | None = None


class Refused(Exception):
    """A rule of the product says no. The API answers 409, the browser shows `message`."""

    code = "refused"

    def __init__(self, message: str, *, code: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults
        if code:
            self.code = code


def speaks_of_null(error: Exception) -> bool:
    """Whether the database driver refused a text for its null character: bad input, wherever it came in."""
    return isinstance(error, ValueError) and "NUL (0x00)" in str(error)


class NotAllowed(Refused):
    """The actor's role does not carry the permission. The API answers 403."""

    code = "not_allowed"


class Invalid(Refused):
    """The input is malformed; `faults` name each place. The API answers 400."""

    code = "invalid"


class WrongState(Refused):
    """The thing is no longer in a state from which this can happen."""

    code = "wrong_state"
