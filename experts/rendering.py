"""Untrusted documents become plain page images, in a process of their own with hard limits.

A crafted file may crash or exhaust the libraries that read it: then this process dies, and not the worker. Knows
nothing of Django. `python -m experts.rendering TYPE FOLDER` reads the document on its standard input.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from PIL import Image, ImageOps

MAX_PAGES = 20
MAX_PIXELS = 60_000_000  # of an image as uploaded: a 600 dpi scan of an A4 page has 35 million
LONGEST_SIDE = 1_800  # pixels of a page image
LOGO = (480, 240)  # pixels, the most
MEMORY = 1_500 * 1024 * 1024  # bytes of address space
SECONDS = 30
HOME = Path(__file__).resolve().parent.parent
REFUSED = 3  # exit code: the reason stands on standard output
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}


class Unreadable(Exception):
    """The document cannot be shown; the words are for the expert."""


def render_safely(document: bytes, content_type: str) -> list[bytes]:
    """PNG images of the pages, in order. Raises Unreadable."""
    with tempfile.TemporaryDirectory(prefix="quorum-pages-") as folder:
        command = [sys.executable, "-m", "experts.rendering", content_type, folder]
        try:
            done = subprocess.run(
                command,
                input=document,
                capture_output=True,
                timeout=2 * SECONDS,
                check=False,
                preexec_fn=_limit,
                cwd=HOME,
            )
        except subprocess.TimeoutExpired:
            raise Unreadable("it takes too long to open.") from None
        if done.returncode == REFUSED:
            raise Unreadable(done.stdout.decode())
        if done.returncode:
            raise Unreadable("it is damaged or too large to open.")
        found = sorted(Path(folder).glob("*.png"), key=lambda path: int(path.stem))
        return [path.read_bytes() for path in found]


def logo(document: bytes, content_type: str) -> bytes:
    """A small PNG of a picture (image/png, image/jpeg), drawn anew. Raises Unreadable."""
    (image,) = render_safely(document, content_type)
    page = Image.open(io.BytesIO(image))  # of our own making
    page.thumbnail(LOGO)
    drawn = io.BytesIO()
    page.save(drawn, "PNG")
    return drawn.getvalue()


def _limit() -> None:  # pragma: no cover  runs in the other process
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def render(document: bytes, content_type: str, folder: Path) -> int:
    """Write 1.png, 2.png, … and return how many. Raises Unreadable."""
    pages = _pdf_pages(document) if content_type == "application/pdf" else [_picture(document, FORMATS[content_type])]
    for number, page in enumerate(pages, start=1):
        page.convert("RGB").save(folder / f"{number}.png")
    return len(pages)


def _picture(document: bytes, kind: str) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(document), formats=[kind])
            upright = ImageOps.exif_transpose(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable("the picture has too many pixels.") from None
    except (OSError, ValueError, SyntaxError):
        raise Unreadable("the picture is damaged.") from None
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return upright


def _pdf_pages(document: bytes) -> list[Image.Image]:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(document)
    except pypdfium2.PdfiumError:
        raise Unreadable("the PDF is damaged or needs a password.") from None
    if not 0 < len(pdf) <= MAX_PAGES:
        raise Unreadable(f"a document has 1 to {MAX_PAGES} pages, this one has {len(pdf)}.")
    return [page.render(scale=LONGEST_SIDE / max(*page.get_size(), 1)).to_pil() for page in pdf]


def main() -> int:
    content_type, folder = sys.argv[1:]
    try:
        render(sys.stdin.buffer.read(), content_type, Path(folder))
    except Unreadable as problem:
        sys.stdout.write(str(problem))
        return REFUSED
    return 0


if __name__ == "__main__":  # pragma: no cover
    sys.exit(main())
