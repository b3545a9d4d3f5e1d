"""Static files: one font out of a package, and hashed names that reach into our ES modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import distribution
from re import Match
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

FONT = "STIXTwoMath-Regular.ttf"
FONT_PATH = f"fonts/{FONT}"


class MathFontFinder(BaseFinder):
    """Yields STIX Two Math (SIL Open Font License 1.1) from the ziamath wheel as `fonts/STIXTwoMath-Regular.ttf`."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=str(distribution("ziamath").locate_file("ziamath/fonts")))
        self.storage.prefix = "fonts"  # type: ignore[attr-defined]  # where collectstatic puts the file

    def check(self, **_kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        found = self.storage.path(FONT) if path == FONT_PATH else None
        return ([found] if found else []) if find_all else (found or [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        yield FONT, self.storage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed and compressed names, also in the `import` lines of our own modules.

    Django looks for imports in every script; other packages' scripts have things that look like imports (in comments)
    and are no modules of ours, so those below other folders than `js/` are left as they are.
    """

    support_js_module_import_aggregation = True

    def url_converter(
        self, name: str, hashed_files: dict[str, Any], template: str | None = None
    ) -> Callable[[Match[str]], str]:
        if name.endswith(".js") and not name.startswith("js/"):
            return lambda match: match[0]
        return super().url_converter(name, hashed_files, template)  # type: ignore[no-any-return]
