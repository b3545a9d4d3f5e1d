"""Words that mean the same: British and American spelling, singular and plural, one letter apart. Pure."""

from __future__ import annotations

import re

# British to American and plural to singular, roughly: both sides of every comparison go through it.
RULES = [
    (re.compile(pattern), instead)
    for pattern, instead in [
        (r"ae|oe", "e"),
        (r"ies$", "y"),
        (r"(?<=..[^suia])s$", ""),
        (r"(?<=..[^s][ia])s$", ""),
        (r"our(?=$|al|ist|ed|ing)", "or"),
        (r"is(?=e$|ed$|ing$|ation$|ational$)", "iz"),
        (r"tre$", "ter"),
        (r"ogue$", "og"),
        (r"(?<=[^aeiou])enc(?=e$)", "ens"),
        (r"ll", "l"),
        (r"mme$", "m"),
        (r"ph(?=ur)", "f"),
    ]
]


def stem(word: str) -> str:
    """One form for the spellings of a word: "orthopaedics" and "orthopedics" → "orthopedic"."""
    for pattern, instead in RULES:
        word = pattern.sub(instead, word)
    return word


def one_off(one: str, other: str) -> bool:
    """Whether one letter was changed, added or left out, or two neighbours changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    shorter, longer = sorted((one, other), key=len)
    at = next((at for at, letter in enumerate(shorter) if letter != longer[at]), len(shorter))
    rest, there = shorter[at:], longer[at:]
    if len(rest) < len(there):
        return rest == there[1:]
    return rest[1:] == there[1:] or (rest[2:] == there[2:] and rest[:2] == there[1::-1])
