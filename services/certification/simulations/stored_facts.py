"""Facts from our own store, quickly: they were checked when they came in, and are not again.

What comes out has the attributes of `EnterpriseFacts` and is read by rules only. A test holds every
metric against the checked model.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic_core import PydanticUndefined

from contracts.facts import EnterpriseFacts
from contracts.values import Value

Read = Callable[[Any], Any]
_AS_IS: frozenset[object] = frozenset({str, int, bool})


class _Stored:
    """What was stored, under the names of the model's fields."""


def facts_of(stored: Mapping[str, Any]) -> EnterpriseFacts:
    """The facts of a stored text, decoded as JSON."""
    return cast(EnterpriseFacts, _reader_of(EnterpriseFacts)(stored))


@cache
def _reader_of(model: type[Value]) -> Read:
    defaults: dict[str, Any] = {}
    makers: list[tuple[str, Callable[[], Any]]] = []
    readers: dict[str, Read] = {}
    for name, field in model.model_fields.items():
        if field.default_factory is not None:
            makers.append((name, cast(Callable[[], Any], field.default_factory)))
        elif field.default is not PydanticUndefined:
            defaults[name] = field.default
        reader = _reader(field.annotation)
        if reader is not None:
            readers[name] = reader

    def read(found: Mapping[str, Any]) -> _Stored:
        values = {**defaults, **found}
        for name, make in makers:
            if name not in values:
                values[name] = make()
        for name, reader in readers.items():
            if (value := found.get(name)) is not None:
                values[name] = reader(value)
        stored = _Stored()
        stored.__dict__ = values
        return stored

    return read


def _reader(annotation: Any) -> Read | None:
    """How a value of this type is read from JSON; None: as it is."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _reader(parts[0])
    if origin in (Union, UnionType):
        return _reader(next(part for part in parts if part is not NoneType))
    if origin is tuple:
        inner = _reader(parts[0])
        return tuple if inner is None else _each(inner)
    if annotation in _AS_IS:
        return None
    if annotation is Decimal:
        return Decimal
    if annotation is date:
        return date.fromisoformat
    if issubclass(annotation, Enum):
        return {member.value: member for member in annotation}.__getitem__
    return _reader_of(annotation)


def _each(read: Read) -> Read:
    return lambda items: tuple(map(read, items))
