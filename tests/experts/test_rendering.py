"""Documents that want to hurt: each is refused with words for its expert, and no worker falls over."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.models import Event
from experts import rendering
from experts.actions import add_evidence, render_evidence
from experts.jobs import on_evidence_added
from experts.models import Credential
from experts.rendering import LONGEST_SIDE, Unreadable, render, render_safely
from tests import people

PNG, JPEG, PDF = "image/png", "image/jpeg", "application/pdf"


def picture(size: tuple[int, int] = (300, 200), kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "ivory").save(file, kind, **options)
    return file.getvalue()


def pdf(pages: int, size: tuple[int, int] = (300, 200)) -> bytes:
    file = io.BytesIO()
    first, *rest = [Image.new("RGB", size, "ivory") for _ in range(pages)]
    first.save(file, "PDF", save_all=True, append_images=rest)
    return file.getvalue()


def png_bomb(side: int) -> bytes:
    """A few kilobytes that say they are `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def sizes(folder: Path) -> list[tuple[int, int]]:
    found = []
    for path in sorted(folder.glob("*.png"), key=lambda path: int(path.stem)):
        with Image.open(path) as page:
            found.append(page.size)
    return found


def test_a_pdf_becomes_one_picture_a_page(tmp_path: Path) -> None:
    assert render(pdf(3), PDF, tmp_path) == 3
    assert sizes(tmp_path) == [(1800, 1200)] * 3


@pytest.mark.parametrize(("kind", "content_type"), [("PNG", PNG), ("JPEG", JPEG)])
def test_a_photograph_becomes_a_picture_no_longer_than_the_limit(tmp_path: Path, kind: str, content_type: str) -> None:
    assert render(picture((4000, 1000), kind), content_type, tmp_path) == 1
    assert sizes(tmp_path) == [(LONGEST_SIDE, 450)]


def test_a_photograph_taken_sideways_stands_upright_and_says_nothing_of_where_it_was_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Camera of Emil"
    render(picture((300, 200), "JPEG", exif=exif), JPEG, tmp_path)
    with Image.open(tmp_path / "1.png") as page:
        assert page.size == (200, 300)
        assert not page.getexif()
    assert b"Camera of Emil" not in (tmp_path / "1.png").read_bytes()


@pytest.mark.parametrize(
    ("document", "content_type", "words"),
    [
        (pdf(21), PDF, "1 to 20 pages, this one has 21"),
        (b"%PDF-1.7\nnot much of one", PDF, "damaged or needs a password"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, PNG, "damaged"),
        (picture()[:-40], PNG, "damaged"),
        (picture(kind="JPEG")[:200], JPEG, "damaged"),
        (picture(kind="JPEG"), PNG, "damaged"),  # one type inside another's name
        (png_bomb(7_800), PNG, "too many pixels"),
        (png_bomb(30_000), PNG, "too many pixels"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    tmp_path: Path, document: bytes, content_type: str, words: str
) -> None:
    with pytest.raises(Unreadable, match=words):
        render(document, content_type, tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Unreadable, match=words):
        render_safely(document, content_type)


def test_a_pdf_with_a_script_is_drawn_and_nothing_of_it_survives() -> None:
    script = pdf(1).replace(
        b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
    )
    (page,) = render_safely(script, PDF)
    assert page.startswith(b"\x89PNG")
    assert b"JavaScript" not in page


def test_a_process_that_dies_or_hangs_is_a_document_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MEMORY", 8 * 1024 * 1024)  # Python alone needs more
    with pytest.raises(Unreadable, match="damaged or too large"):
        render_safely(picture(), PNG)
    monkeypatch.setattr(rendering, "SECONDS", 0.0001)
    monkeypatch.setattr(rendering, "_limit", lambda: None)
    with pytest.raises(Unreadable, match="too long"):
        render_safely(picture(), PNG)


def test_the_process_knows_nothing_of_the_product(tmp_path: Path) -> None:
    """It reads untrusted bytes: no settings, no database, no secrets in its memory."""
    look = "import sys, experts.rendering; print(any(name.startswith('django') for name in sys.modules))"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # it loads Django
    run = partial(subprocess.run, capture_output=True, text=True, check=True, cwd=rendering.HOME, env=bare)
    seen = run([sys.executable, "-c", look])
    assert seen.stdout.strip() == "False"


def test_main_says_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Input:
        buffer = io.BytesIO(picture())

    monkeypatch.setattr(sys, "stdin", Input)
    monkeypatch.setattr(sys, "argv", ["rendering", PNG, str(tmp_path)])
    assert rendering.main() == 0
    Input.buffer = io.BytesIO(b"%PDF-nonsense")
    monkeypatch.setattr(sys, "argv", ["rendering", PDF, str(tmp_path)])
    assert rendering.main() == rendering.REFUSED
    assert "damaged" in capsys.readouterr().out


@pytest.mark.django_db
def test_a_worker_makes_the_pages_once() -> None:
    emil = people.expert("Emil", verified=False)
    upload = SimpleUploadedFile("thesis.pdf", pdf(2))
    evidence = add_evidence(credential=people.credential(emil), upload=upload, by=emil.user)
    for _ in range(2):
        on_evidence_added(Event.objects.get(name="evidence.added"))
    evidence.refresh_from_db()
    assert evidence.rendered_at is not None
    assert [str(page) for page in evidence.pages.all()] == ["thesis.pdf, page 1", "thesis.pdf, page 2"]
    assert Event.objects.get(name="evidence.rendered").data == {"pages": 2}


@pytest.mark.django_db
def test_a_document_that_nobody_can_open_goes_back_to_its_expert_with_the_reason() -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    upload = SimpleUploadedFile("broken.pdf", b"%PDF-1.7 and no more")
    evidence = add_evidence(credential=credential, upload=upload, by=emil.user)
    for _ in range(2):
        render_evidence(evidence=evidence)
    credential.refresh_from_db()
    assert credential.status == Credential.Status.NEEDS_MORE
    assert credential.message == "We could not open broken.pdf: the PDF is damaged or needs a password."
    assert Event.objects.filter(name="evidence.unreadable").count() == 1


@pytest.mark.django_db
def test_one_readable_document_is_enough_to_stay_in_the_queue() -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    add_evidence(credential=credential, upload=people.diploma(), by=emil.user)
    broken = add_evidence(credential=credential, upload=SimpleUploadedFile("x.pdf", b"%PDF-1.7 no"), by=emil.user)
    render_evidence(evidence=broken)
    credential.refresh_from_db()
    assert credential.status == Credential.Status.EVIDENCED
