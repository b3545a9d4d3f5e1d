"""The agreements that ship with the product: one Markdown file a version, published once and never edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def shipped() -> list[dict[str, Any]]:
    """`{"kind", "version", "title", "text"}` of each `<kind>.v<version>.md`; its first line is `# Title`."""
    found = []
    for path in sorted(FOLDER.glob("*.v*.md")):
        kind, version, _ = path.name.split(".")
        heading, _, text = path.read_text(encoding="utf-8").partition("\n")
        title = heading.removeprefix("# ").strip()
        found.append({"kind": kind, "version": int(version[1:]), "title": title, "text": text.strip()})
    return found


def publish_shipped(model: Any) -> None:
    """Publish what is not published yet. `model`: Agreement, or a migration's picture of it. Safe to repeat."""
    for row in shipped():
        model.objects.get_or_create(
            kind=row["kind"], version=row["version"], defaults={"title": row["title"], "text": row["text"]}
        )
