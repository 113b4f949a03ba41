"""Where the loader is in a rule file: what a part inherits, and how the file is refused there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from shared.rules.lined_yaml import RuleFileError, Tree, line_of
from shared.rules.metric import Metric
from shared.rules.model import BandEdge, Boundaries
from shared.rules.provenance import Provenance, Verification

INCLUSIVE = Boundaries(min_inclusive=True, max_inclusive=True, band_edge=BandEdge.HIGHER_POINTS)


@dataclass(frozen=True)
class Place:
    """What a part of a file inherits from what encloses it."""

    file: str
    metrics: Mapping[str, Metric]
    boundaries: Boundaries
    source: str | None = None
    verification: Verification | None = None

    def refuse(self, line: int, reason: str) -> NoReturn:
        """Refuse the file. Raises RuleFileError."""
        raise RuleFileError(self.file, line, reason)

    def tree(self, node: Any, what: str, line: int = 0) -> Tree:
        """The node as a mapping. Plain mappings are taken as well, without lines."""
        if isinstance(node, Tree):
            return node
        if not isinstance(node, Mapping):
            self.refuse(line_of(node, line), f"{what} is a mapping of keys to values.")
        tree = Tree(node)
        tree.lines, tree.line = {}, line
        return tree

    def row(self, node: Any, what: str, line: int) -> list[Any]:
        """The node as a list with at least one item."""
        if not isinstance(node, list | tuple) or not node:
            self.refuse(line_of(node, line), f"{what} is a list with at least one item.")
        return list(node)

    def only(self, tree: Tree, allowed: frozenset[str] | set[str], what: str) -> None:
        """Refuse keys that are not known here."""
        for key in tree:
            if key not in allowed:
                names = ", ".join(sorted(allowed))
                self.refuse(tree.at(key), f"{what} has no `{key}`; it takes {names}.")

    def word(self, tree: Tree, key: str, what: str) -> str:
        """A text that must be there."""
        value = tree.get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(tree.at(key), f"{what} needs `{key}`, a text.")
        return value

    def whole(self, tree: Tree, key: str, what: str) -> int:
        """A whole number of 0 or more that must be there."""
        value = tree.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.refuse(tree.at(key), f"{what} needs `{key}`, a whole number of 0 or more.")
        return value

    def within(self, tree: Tree) -> "Place":
        """The place inside this part: its own source and verification go down to its parts."""
        found = self
        if "source" in tree:
            found = replace(found, source=self.word(tree, "source", "It"))
        if "verification" in tree:
            try:
                tag = Verification(tree["verification"])
            except ValueError:
                names = ", ".join(Verification)
                self.refuse(tree.at("verification"), f"`verification` is one of {names}.")
            found = replace(found, verification=tag)
        return found

    def provenance(self, tree: Tree, what: str) -> Provenance:
        """The source and verification in force here; both must be known."""
        if self.source is None:
            self.refuse(tree.line, f"{what} needs `source`: the article it stands in.")
        if self.verification is None:
            self.refuse(
                tree.line, f"{what} needs `verification`: one of {', '.join(Verification)}."
            )
        return Provenance(self.source, self.verification)
