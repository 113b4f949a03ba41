"""YAML that remembers its lines, refuses duplicate keys and holds decimals as fractions.

A rule file that is wrong is refused with `RuleFileError`: file, line and a sentence that says
what to do. Nothing of a bad file takes effect.
"""

import re
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

FILE_BYTES_MAX = 1_000_000
DEPTH_MAX = 32
_NUMBER = re.compile(r"^[-+]?[0-9]{1,30}([.][0-9]{1,10})?$")


class RuleFileError(ValueError):
    """A rule file that cannot be used: where, and what to change."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class Tree(dict[str, Any]):
    """A mapping with the line of each key."""

    line: int = 0
    lines: dict[str, int]

    def at(self, key: str) -> int:
        """The line of a key; the mapping's own where the key is missing."""
        return self.lines.get(key, self.line)


class Row(list[Any]):
    """A sequence with its line."""

    line: int = 0


def line_of(node: object, otherwise: int = 0) -> int:
    """The line a part of a file begins on."""
    return node.line if isinstance(node, Tree | Row) else otherwise


def read_tree(path: Path) -> Tree:
    """The file as a Tree. Raises RuleFileError when it is not one mapping in plain YAML."""
    raw = path.read_bytes()
    if len(raw) > FILE_BYTES_MAX:
        raise RuleFileError(path.name, 1, f"The file is over {FILE_BYTES_MAX} bytes; split it.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RuleFileError(path.name, line, "The file is not UTF-8; save it as UTF-8.") from None
    return parse_tree(text, path.name)


def parse_tree(text: str, file: str = "<text>") -> Tree:
    """YAML text as a Tree. Raises RuleFileError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        reason = getattr(error, "problem", None) or str(error)
        raise RuleFileError(file, line, f"This is not YAML: {reason}.") from None
    if not isinstance(node, MappingNode):
        raise RuleFileError(file, 1, "A rule file is one mapping; begin with `id:`.")
    return _Builder(file).tree(node, 0)


class _Builder:
    """Turns YAML nodes into trees, rows and exact values."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._scalars = yaml.SafeLoader("")
        self._built: set[int] = set()

    def tree(self, node: MappingNode, depth: int) -> Tree:
        tree = Tree()
        tree.line, tree.lines = node.start_mark.line + 1, {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                raise RuleFileError(self._file, line, "A key must be a plain word.")
            key = str(key_node.value)
            if key in tree:
                raise RuleFileError(self._file, line, f"`{key}` is given twice; keep one.")
            tree.lines[key] = line
            tree[key] = self.value(value_node, depth + 1)
        return tree

    def value(self, node: Node, depth: int) -> Any:
        line = node.start_mark.line + 1
        if depth > DEPTH_MAX:
            raise RuleFileError(self._file, line, f"Nested deeper than {DEPTH_MAX} levels.")
        if isinstance(node, MappingNode | SequenceNode):
            if id(node) in self._built:
                raise RuleFileError(self._file, line, "Write it out: aliases are not used here.")
            self._built.add(id(node))
        if isinstance(node, MappingNode):
            return self.tree(node, depth)
        if isinstance(node, SequenceNode):
            row = Row(self.value(item, depth + 1) for item in node.value)
            row.line = line
            return row
        assert isinstance(node, ScalarNode)
        return self.scalar(node, line)

    def scalar(self, node: ScalarNode, line: int) -> Any:
        if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
            text = node.value.replace("_", "")
            if not _NUMBER.match(text):
                raise RuleFileError(
                    self._file, line, f"`{node.value[:60]}`: write a plain decimal number."
                )
            return Fraction(text) if "." in text else int(text)
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            raise RuleFileError(self._file, line, f"`{node.value[:60]}` is not a value.") from None
        if value is None or isinstance(value, bool | str) or type(value) is date:
            return value
        raise RuleFileError(self._file, line, f"`{node.value[:60]}`: write a number, word or day.")
