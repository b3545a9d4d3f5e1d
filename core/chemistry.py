r"""`\ce{…}` in LaTeX: the everyday part of mhchem (formulas, charges, coefficients, states, arrows with text).

Pure: text to text. `2 H2 + O2 -> 2 H2O` becomes LaTeX that the converter of core/render.py knows.
"""

from __future__ import annotations

import re
from typing import Final

_ARROWS: Final = {
    "<=>": (r"\rightleftharpoons", r"\xrightleftharpoons"),
    "<->": (r"\leftrightarrow", r"\xleftrightarrow"),
    "->": (r"\rightarrow", r"\xrightarrow"),
    "<-": (r"\leftarrow", r"\xleftarrow"),
}
_ARROW: Final = re.compile(r"(<=>|<->|->|<-)(?:\[([^\]]*)\])?(?:\[([^\]]*)\])?")
_TOKEN: Final = re.compile(
    r"(?P<raised>\^(?:\{[^{}]*\}|\d*[+-]?))"
    r"|(?P<lowered>_(?:\{[^{}]*\}|\w))"
    r"|(?P<state>\((?:aq|s|l|g)\))"
    r"|(?P<charge>(?<=[\w)\]])[+-](?=\s|[)\]]|$))"
    r"|(?P<count>(?<=[A-Za-z)\]])\d+)"
    r"|(?P<coefficient>\d+(?:[./]\d+)?)"
    r"|(?P<name>[A-Za-z]+)"
    r"|(?P<dot>[.*])|(?P<triple>\#)"
    r"|(?P<same>[-+=()\[\]\s])"
)
_LATEX: Final = {
    "raised": "{base}^{{{text}}}",
    "lowered": r"{base}_{{\mathrm{{{text}}}}}",
    "state": r"\,\mathrm{{{text}}}",
    "charge": "^{{{text}}}",
    "count": "_{{{text}}}",
    "coefficient": r"{text}\,",
    "name": r"\mathrm{{{text}}}",
    "dot": r"\cdot ",
    "triple": r"\equiv ",
    "same": "{text}",
}


class UnknownChemistry(ValueError):
    """A `\\ce` text that this reader does not know, with the place where it stopped."""


def _arrow(found: re.Match[str]) -> str:
    plain, long = _ARROWS[found[1]]
    if found[2] is None:
        return rf"\;{plain}\;"
    below = f"[{chemistry(found[3])}]" if found[3] else ""
    return f"{long}{below}{{{chemistry(found[2])}}}"


def chemistry(text: str) -> str:
    r"""LaTeX for the inside of `\ce{…}`, such as `SO4^2-`. Raises UnknownChemistry."""
    out, position = [], 0
    while position < len(text):
        if found := _ARROW.match(text, position):
            out.append(_arrow(found))
        elif (found := _TOKEN.match(text, position)) and found.lastgroup:
            attached = position > 0 and (text[position - 1].isalnum() or text[position - 1] in ")]}")
            part = found[0].lstrip("^_").removeprefix("{").removesuffix("}")
            out.append(_LATEX[found.lastgroup].format(base="" if attached else "{}", text=part))
        else:
            raise UnknownChemistry(rf"\ce stops at {text[position:][:20]!r}")
        position = found.end()
    return "".join(out)


def expand(tex: str) -> str:
    r"""The LaTeX text with each `\ce{…}` written out. Raises UnknownChemistry."""
    parts, rest = [], tex
    while (start := rest.find(r"\ce{")) >= 0:
        end, depth = start + 4, 1
        while depth and end < len(rest):
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        if depth:
            raise UnknownChemistry(r"\ce{ is never closed")
        parts += [rest[:start], "{", chemistry(rest[start + 4 : end - 1]), "}"]
        rest = rest[end:]
    return "".join((*parts, rest))
