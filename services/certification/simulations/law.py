"""The two laws a simulation compares: an edition as it stands, or one with an edited rule text.

An edited text stands in for the edition of its id, or beside the others under an id of its own; the
whole rulebook is loaded with it, so that what no longer fits (an overlay, the selection) is
refused too. The running rule sets are untouched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.certification.outlooks.rulebook import Law, load_files
from shared.rules.lined_yaml import RuleFileError, parse_tree
from shared.rules.model import RuleSet
from shared.rules.rulebook import Rulebook

TEXT_CHARACTERS_MAX = 200_000
EDITED = "editions/edited.yaml"


@dataclass(frozen=True)
class Side:
    """One of the two laws: an edition, and where it is judged as though the enterprise were."""

    book: Rulebook
    rule_set: str
    as_region: str | None

    def rules(self, region: str, day: date) -> RuleSet:
        """The rule set that judges an enterprise of a region."""
        return self.book.of(self.rule_set, self.as_region or region, day)


def law_with(law: Law, text: str) -> tuple[Law, str]:
    """The law with an edited rule text, and the id of its rule set. Raises RuleFileError."""
    try:
        tree = parse_tree(text, EDITED)
        name = str(tree.get("id"))
        files = {path: old for path, old in law.files.items() if not _is_of(law, path, name)}
        edited = load_files({**files, EDITED: text})
    except RecursionError:
        raise RuleFileError(EDITED, 1, "The text is nested too deep; write it flatter.") from None
    if name not in edited.book.editions:
        raise RuleFileError(EDITED, 1, "The text judges no tier (梯度); give it one.")
    return edited, name


def _is_of(law: Law, path: str, name: str) -> bool:
    """Whether a file is the one of this rule set, which the edited text replaces."""
    if not path.startswith("editions/") or name not in law.book.rule_sets:
        return False
    return str(parse_tree(law.files[path], path).get("id")) == name


def sides_of(law: Law, asked: Mapping[str, str | None]) -> tuple[Side, Side]:
    """What is compared with (before) and what is simulated (after). Raises RuleFileError."""
    before = Side(law.book, str(asked["compare_with"]), None)
    text = asked.get("rule_text")
    if text is None:
        return before, Side(law.book, str(asked["rule_set"]), asked.get("as_region"))
    edited, name = law_with(law, text)
    return before, Side(edited.book, name, asked.get("as_region"))
