"""The colours of the product, as data that a test can judge.

`static/css/tokens.css` is written from here, so a colour that breaks contrast fails a test instead of a reader:

    python -m core.palette        prints the sheet
    python -m core.palette FILE   writes it

The contrast formula is that of WCAG 2.2 (success criteria 1.4.3 and 1.4.11). Pure: no Django.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Pair(NamedTuple):
    """One colour in its two themes, `#RRGGBB` each."""

    light: str
    dark: str


COLOURS: dict[str, Pair] = {
    "canvas": Pair("#F7F7F4", "#111210"),
    "surface": Pair("#FFFFFF", "#191A17"),
    "sunken": Pair("#EFEFEA", "#0C0D0B"),
    "raised": Pair("#FFFFFF", "#22231F"),
    "text": Pair("#1A1B18", "#EDEDE6"),
    "muted": Pair("#55564F", "#B4B5AB"),
    "subtle": Pair("#62635B", "#9B9C92"),
    "border": Pair("#DEDED7", "#34352F"),
    "control": Pair("#7C7C73", "#7B7C73"),
    "accent": Pair("#0B6B5B", "#54C7AF"),
    "accent-hover": Pair("#095649", "#74D6C1"),
    "on-accent": Pair("#FFFFFF", "#04211B"),
    "accent-soft": Pair("#DFF1EC", "#12332C"),
    "accent-text": Pair("#075548", "#86DDCA"),
    "info": Pair("#1D5BB8", "#85B2F5"),
    "info-soft": Pair("#E4EDFA", "#16273F"),
    "info-text": Pair("#17488F", "#A9CAFA"),
    "success": Pair("#1C7A3E", "#6CC98A"),
    "success-soft": Pair("#E1F3E6", "#14301D"),
    "success-text": Pair("#155C2F", "#94DBAB"),
    "warning": Pair("#8F5B00", "#E3AE4D"),
    "warning-soft": Pair("#FBEFD6", "#36270A"),
    "warning-text": Pair("#6E4600", "#F0C878"),
    "danger": Pair("#B4261C", "#F0857A"),
    "danger-soft": Pair("#FCE8E5", "#3D1613"),
    "danger-text": Pair("#8E1C14", "#F7ABA3"),
    "on-danger": Pair("#FFFFFF", "#2B0703"),
    "focus": Pair("#1D5BB8", "#9CC2FA"),
    "a-soft": Pair("#E8EEFB", "#1A2740"),
    "a-text": Pair("#26498F", "#AFC9F8"),
    "b-soft": Pair("#FBEEDD", "#382710"),
    "b-text": Pair("#7A4608", "#F0C48C"),
    "ins-soft": Pair("#D9F2E0", "#163A22"),
    "ins-text": Pair("#0F4D26", "#A6E4BA"),
    "del-soft": Pair("#FBDFDB", "#461915"),
    "del-text": Pair("#7E170F", "#F9B8B1"),
    "code-keyword": Pair("#8A1C6B", "#E6A6D3"),
    "code-string": Pair("#155C2F", "#94DBAB"),
    "code-number": Pair("#7A4608", "#F0C48C"),
    "code-name": Pair("#17488F", "#A9CAFA"),
    "code-comment": Pair("#5C5D56", "#A3A49A"),
}

GROUNDS = ("canvas", "surface", "sunken", "raised")
READ_ON_GROUNDS = ("text", "muted", "subtle", "accent-text", "info-text", "success-text", "warning-text", "danger-text")
SEEN_ON_GROUNDS = ("control", "accent", "info", "success", "warning", "danger", "focus")
READ_ON_CODE = ("code-keyword", "code-string", "code-number", "code-name", "code-comment")
TINTS = ("accent", "info", "success", "warning", "danger", "a", "b", "ins", "del")

TEXT_RATIO = 4.5
"""Least contrast of text (WCAG 1.4.3)."""
EDGE_RATIO = 3.0
"""Least contrast of what shows a control or its state (WCAG 1.4.11)."""

PLAIN_TOKENS = """\
  --q-sans: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  --q-mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --q-serif-math: "STIX Two Math", "Cambria Math", math, serif;
  --q-size-caption: 0.75rem;
  --q-size-sub: 0.8125rem;
  --q-size-ui: 0.875rem;
  --q-size-reading: 1rem;
  --q-size-lead: 1.125rem;
  --q-size-h1: 1.375rem;
  --q-size-figure: 1.75rem;
  --q-size-hero: 2.25rem;
  --q-space-1: 0.25rem;
  --q-space-2: 0.5rem;
  --q-space-3: 0.75rem;
  --q-space-4: 1rem;
  --q-space-5: 1.25rem;
  --q-space-6: 1.5rem;
  --q-space-8: 2rem;
  --q-space-10: 2.5rem;
  --q-space-12: 3rem;
  --q-space-16: 4rem;
  --q-radius-s: 6px;
  --q-radius: 8px;
  --q-radius-l: 12px;
  --q-radius-pill: 999px;
  --q-state: 120ms;
  --q-enter: 200ms;
  --q-target: 2.25rem;
  --q-width-list: 76rem;
  --q-width-form: 44rem;
  --q-width-bench: 90rem;
  --q-shadow: 0 8px 28px rgb(0 0 0 / 0.16), 0 1px 3px rgb(0 0 0 / 0.12);
"""


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB`, 0 (black) to 1 (white)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def demands() -> Iterator[tuple[str, str, float]]:
    """Every (foreground, background, least ratio) that the product draws, by token name."""
    for ground in GROUNDS:
        yield from ((name, ground, TEXT_RATIO) for name in READ_ON_GROUNDS)
        yield from ((name, ground, EDGE_RATIO) for name in SEEN_ON_GROUNDS)
    yield from ((name, "sunken", TEXT_RATIO) for name in READ_ON_CODE)
    yield from ((f"{tint}-text", f"{tint}-soft", TEXT_RATIO) for tint in TINTS)
    yield from (("text", f"{tint}-soft", TEXT_RATIO) for tint in TINTS)
    yield "on-accent", "accent", TEXT_RATIO
    yield "on-accent", "accent-hover", TEXT_RATIO
    yield "on-danger", "danger", TEXT_RATIO


def failures() -> list[str]:
    """The demands that the palette breaks, one readable line each; empty when all hold."""
    broken = []
    for front, back, least in demands():
        for theme in ("light", "dark"):
            ratio = contrast(getattr(COLOURS[front], theme), getattr(COLOURS[back], theme))
            if ratio < least:
                broken.append(f"{theme}: {front} on {back} has {ratio:.2f}, needs {least}")
    return broken


def stylesheet() -> str:
    """The whole text of `static/css/tokens.css`."""
    colours = "".join(f"  --q-{name}: light-dark({pair.light}, {pair.dark});\n" for name, pair in COLOURS.items())
    return (
        "/* Written by core/palette.py (make tokens). Change the colours there. */\n"
        "@layer tokens {\n"
        ":root {\n  color-scheme: light dark;\n" + PLAIN_TOKENS + colours + "}\n"
        ':root[data-theme="light"] { color-scheme: light; }\n'
        ':root[data-theme="dark"] { color-scheme: dark; }\n'
        "@media (pointer: coarse) {\n  :root { --q-target: 2.75rem; }\n}\n"
        "}\n"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(stylesheet())
    else:
        sys.stdout.write(stylesheet())
