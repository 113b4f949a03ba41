"""What a service consumes: the annotations of its handlers, read once at start."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_type_hints

from contracts.fact import Fact, Topic
from shared.bus.topics import known_addresses, pattern_of, topic_at

Handler: TypeAlias = Callable[[Any, Any], Awaitable[None]]
"""`async def on_<fact>(fact: <Fact>, session: Session) -> None`"""

ReadAhead: TypeAlias = Callable[[Any, Sequence[str]], Awaitable[None]]
"""`async def read_ahead(session: Session, keys: Sequence[str]) -> None`"""

H = TypeVar("H", bound=Handler)


@dataclass(frozen=True)
class Subscription:
    """One fact and the handler that takes it."""

    fact: type[Fact]
    handler: Handler


class Subscriptions:
    """The facts a service takes, by their wire names, and the topics they come from."""

    def __init__(self, handlers: Sequence[Handler]) -> None:
        self._by_type: dict[str, Subscription] = {}
        for handler in handlers:
            fact = _fact_of(handler)
            name = fact.contract.name
            if name in self._by_type:
                raise TypeError(f"{name} has two handlers; one service handles a fact once.")
            self._by_type[name] = Subscription(fact, handler)
        self.topics: tuple[Topic, ...] = tuple(
            dict.fromkeys(entry.fact.contract.topic for entry in self._by_type.values())
        )

    def __bool__(self) -> bool:
        return bool(self._by_type)

    def of_type(self, type_: str) -> Subscription | None:
        """Who takes events of this type here."""
        return self._by_type.get(type_)

    def topic_at(self, address: str) -> Topic | None:
        """The contract of a topic this service reads."""
        return topic_at(address, self.topics)

    @property
    def pattern(self) -> str:
        """Matches every topic to read; a templated name matches topics that come later."""
        return pattern_of(self.topics)

    @property
    def fixed_topics(self) -> dict[str, Topic]:
        """Topics known by name before anybody publishes."""
        return known_addresses(self.topics)


def reads_ahead(read_ahead: ReadAhead) -> Callable[[H], H]:
    """A handler with this runs after `read_ahead` has read at once what it reads of each key.

    Called for the keys of a batch when they are locked. It keeps what it read in `session.info`.
    """

    def with_it(handler: H) -> H:
        vars(handler)["read_ahead"] = read_ahead
        return handler

    return with_it


def read_ahead_of(handler: Handler) -> ReadAhead | None:
    """What reads ahead for this handler, if anything does."""
    return getattr(handler, "read_ahead", None)


def subscriptions(handlers: Sequence[Handler]) -> Subscriptions:
    """Read the annotations of handlers. Raises TypeError when a handler names no fact."""
    return Subscriptions(handlers)


def _fact_of(handler: Handler) -> type[Fact]:
    hints = get_type_hints(handler)
    hints.pop("return", None)
    first = next(iter(hints.values()), None)
    if not (isinstance(first, type) and issubclass(first, Fact)):
        raise TypeError(f"{handler.__qualname__}: annotate the first parameter with a Fact.")
    return first
