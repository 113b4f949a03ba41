"""Rule files of this service: YAML into frozen models, refused with file, line and reason.

Owns no rule. The YAML reader and the condition language are those of `shared.rules`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.rules.lined_yaml import RuleFileError, Tree, line_of
from shared.rules.provenance import Verification

Model = TypeVar("Model", bound=BaseModel)


class Part(BaseModel):
    """A part of a rule file: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Sourced(Part):
    """A part that says where it comes from and how sure we are of it."""

    source: str = Field(title="来源", min_length=2)
    verification: Verification = Field(title="核验程度")


class Texts(Part):
    """A text in both languages."""

    zh: str = Field(title="中文", min_length=1)
    en: str = Field(title="英文", min_length=1)


class Note(Texts, Sourced):
    """A remark with its source."""


class InForce(Part):
    """Holds from a day to a day, both inside; null is open, for the source gives none."""

    since: date | None = Field(alias="from")
    until: date | None = Field(None, alias="to")

    def in_force(self, day: date) -> bool:
        """Whether it holds on the day."""
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day <= self.until)


def as_model(model: type[Model], document: Mapping[str, Any], tree: Tree, file: str) -> Model:
    """The document, made from the tree of a file, as a model. Raises RuleFileError."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        line = _line(tree, first["loc"])
        raise RuleFileError(file, line, f"{where}: {first['msg']}") from error


def _line(tree: Tree, place: tuple[int | str, ...]) -> int:
    """The line of the deepest part of the tree on the way to the place."""
    node: Any = tree
    line = tree.line
    for part in place:
        if isinstance(node, Tree) and part in node:
            line, node = node.at(str(part)), node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
            line = line_of(node, line)
        else:
            break
    return line
