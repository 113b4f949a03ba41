"""What a service keeps of enterprises that another one owns: parts, each with its own version.

Every part comes by a topic of its own. A fact that is not newer than the part kept is ignored, so
the topics may arrive in any order and a fact more than once. Version 0: not heard of yet.
"""

from typing import Protocol, TypeVar

from sqlmodel import SQLModel

from shared.db import Session, lock_keys

E = TypeVar("E", bound=SQLModel)


class Snapshot(Protocol):
    """A fact that says all there is to know of one part of an enterprise."""

    @property
    def uscc(self) -> str: ...

    @property
    def version(self) -> int: ...


async def newer(session: Session, model: type[E], fact: Snapshot, part: str) -> E | None:
    """The enterprise's row, to write the fact into; None when a fact as new is kept already.

    `part` names the column of the part's version. The enterprise's key is locked first; a new row
    knows nothing yet.
    """
    await lock_keys(session, [fact.uscc])
    row: E | None = await session.get(model, fact.uscc)
    if row is None:
        row = model(uscc=fact.uscc)
        session.add(row)
        await session.flush()
    if fact.version <= getattr(row, part):
        return None
    setattr(row, part, fact.version)
    return row
