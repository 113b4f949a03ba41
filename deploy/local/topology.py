"""The services of the local stack, in the order they start; they stop in the opposite order.

A new service is one line here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceEntry:
    """One service: its name, whether it owns a database, whether it uses the bus."""

    name: str
    has_database: bool = True
    on_bus: bool = True
    app: str = ""

    @property
    def asgi_app(self) -> str:
        """What uvicorn loads."""
        return self.app or f"services.{self.name}.main:app"

    @property
    def database(self) -> str:
        """The name of its database and of the role that owns it."""
        return f"terrace_{self.name}"


GATEWAY = "gateway"
SERVICES = (
    ServiceEntry("enterprise"),
    ServiceEntry("certification"),
    ServiceEntry("funding"),
    ServiceEntry("talent"),
    ServiceEntry("catalog"),
    ServiceEntry("webhook"),
    ServiceEntry(GATEWAY, has_database=False, on_bus=False),
)
