"""The route table: which service answers a path, by which methods, and whether with a token.

Pure. Built from the services' OpenAPI documents, so that the gateway itself answers 404 and 405.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
OPERATIONS = "/v1/operations/"
"""Dead letters and replays of one service: for its operator, on the service itself only."""


class RouteConflict(Exception):
    """Two services claim one path and method, or a service has no document."""


@dataclass(frozen=True)
class Route:
    """One operation of one service."""

    service: str
    needs_token: bool


@dataclass
class _Node:
    """One path segment. `parameter` is the branch of a segment in braces."""

    literal: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)

    def branch(self, segment: str) -> "_Node":
        """The child for this segment of a template, made when missing."""
        if not segment.startswith("{"):
            return self.literal.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter


class RouteTable:
    """Finds the route of a request. A literal segment goes before a parameter."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._root = _Node()
        for service, document in documents.items():
            for path, operations in published_paths(document):
                self._add(service, path, operations)

    def find(self, method: str, path: str) -> Route | None:
        """The route, or None when no service answers this path with this method."""
        for node in _matches(self._root, path.split("/"), 1):
            if method in node.routes:
                return node.routes[method]
        return None

    def methods(self, path: str) -> list[str]:
        """The methods this path takes; empty for a path that does not exist."""
        nodes = _matches(self._root, path.split("/"), 1)
        return sorted({method for node in nodes for method in node.routes})

    def _add(self, service: str, path: str, operations: Mapping[str, Any]) -> None:
        node = self._root
        for segment in path.split("/")[1:]:
            node = node.branch(segment)
        for method in METHODS:
            if method not in operations:
                continue
            taken = node.routes.get(method.upper())
            if taken is not None:
                raise RouteConflict(
                    f"{method.upper()} {path} is claimed by {taken.service} and {service}."
                )
            needs_token = bool(operations[method].get("security"))
            node.routes[method.upper()] = Route(service, needs_token)


def published_paths(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The paths of a service's document that go through the gateway."""
    for path, operations in document.get("paths", {}).items():
        if not path.startswith(OPERATIONS):
            yield path, operations


def _matches(node: _Node, segments: list[str], position: int) -> Iterator[_Node]:
    """Every node the path leads to, literal branches first."""
    if position == len(segments):
        if node.routes:
            yield node
        return
    segment = segments[position]
    if segment in node.literal:
        yield from _matches(node.literal[segment], segments, position + 1)
    if node.parameter is not None and segment:
        yield from _matches(node.parameter, segments, position + 1)
