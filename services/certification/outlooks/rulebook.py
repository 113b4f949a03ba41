"""The law as files: every rule file together, so that an old verdict finds its law again.

An edition leans on other files (`uses`, overlays, the selection), so the texts are kept and loaded
as one, named by a digest over the names and texts.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from services.certification.canonical import canonical, digest_of
from shared.rules.rulebook import Rulebook, load_rulebook

FOLDER = Path(__file__).parent.parent / "rules"
LOADED_MAX = 16


@dataclass(frozen=True)
class Law:
    """A rulebook with the texts it was loaded from."""

    digest: str
    files: Mapping[str, str]
    book: Rulebook


def load_folder(folder: Path) -> Law:
    """The law of a folder. Raises RuleFileError."""
    files = {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }
    return Law(digest_of_files(files), files, load_rulebook(folder))


def load_files(files: Mapping[str, str]) -> Law:
    """The law of these texts. Raises RuleFileError; FileNotFoundError when one is missing."""
    return _load(tuple(sorted(files.items())))


@lru_cache(maxsize=LOADED_MAX)
def _load(files: tuple[tuple[str, str], ...]) -> Law:
    with tempfile.TemporaryDirectory(prefix="terrace-rules-") as name:
        folder = Path(name)
        for relative, text in files:
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return load_folder(folder)


def digest_of_files(files: Mapping[str, str]) -> str:
    """The digest that names a law."""
    return digest_of(canonical({name: digest_of(text) for name, text in files.items()}))


LAW = load_folder(FOLDER)
"""The law this service judges by; a file that cannot be used stops the start."""
