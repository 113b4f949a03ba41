"""State machines declared as data (状态机): states, moves, who may, deadlines. Pure.

A move that the state does not allow is refused with the moves that it does allow.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.catalog.errors import IllegalMove, MoveNotYours
from shared.rules.lined_yaml import read_tree


@dataclass(frozen=True)
class Move:
    """One step: from which states, to which, by whom, and which parts of the form it needs."""

    name: str
    zh: str
    en: str
    sources: frozenset[str]
    target: str
    by: frozenset[str]
    needs: tuple[str, ...]
    takes: tuple[str, ...]


@dataclass(frozen=True)
class Deadline:
    """What happens when a state lasts too long: this move by the platform, or only a mark."""

    days: int
    then: str | None


@dataclass(frozen=True)
class Machine:
    """States, moves and deadlines of one kind of thing."""

    states: Mapping[str, str]
    moves: Mapping[str, Move]
    deadlines: Mapping[str, Deadline]

    def legal(self, state: str, actors: Iterable[str] | None = None) -> list[Move]:
        """The moves that the state allows, to these actors if given."""
        who = None if actors is None else frozenset(actors)
        return [
            move
            for move in self.moves.values()
            if state in move.sources and (who is None or move.by & who)
        ]

    def require(self, state: str, name: str, actors: Iterable[str]) -> Move:
        """The move, when the state and the actor allow it. Raises IllegalMove, MoveNotYours."""
        move = self.moves.get(name)
        if move is None or state not in move.sources:
            allowed = [m.name for m in self.legal(state)]
            names = ", ".join(allowed) or "none"
            zh = "、".join(f"{m.name}({m.zh})" for m in self.legal(state)) or "无"
            raise IllegalMove(
                f"{name} is not possible in the state {state}. Possible moves: {names}.",
                f"当前状态“{self.states[state]}”不能执行 {name}。可执行:{zh}。",
            )
        if not move.by & frozenset(actors):
            raise MoveNotYours(
                f"{name} is for: {', '.join(sorted(move.by))}.",
                f"操作“{move.zh}”仅限:{'、'.join(sorted(move.by))}。",
            )
        return move


def load_machine(path: Path) -> Machine:
    """A machine from its file. Raises ValueError where the parts do not fit together."""
    tree: dict[str, Any] = read_tree(path)
    states = {name: str(row["zh"]) for name, row in tree["states"].items()}
    moves = {name: _move(name, row) for name, row in tree["moves"].items()}
    deadlines = {
        name: Deadline(row["deadline"]["days"], row["deadline"].get("then"))
        for name, row in tree["states"].items()
        if "deadline" in row
    }
    named = {state for move in moves.values() for state in (*move.sources, move.target)}
    if unknown := named - states.keys():
        raise ValueError(f"{path.name}: moves name states that are not declared: {sorted(unknown)}")
    for state, deadline in deadlines.items():
        then = deadline.then
        if then is not None and (then not in moves or state not in moves[then].sources):
            raise ValueError(f"{path.name}: the deadline of {state} needs a move from it: {then}")
    return Machine(states, moves, deadlines)


def _move(name: str, row: Mapping[str, Any]) -> Move:
    return Move(
        name=name,
        zh=row["zh"],
        en=row["en"],
        sources=frozenset(row["from"]),
        target=row["to"],
        by=frozenset(row["by"]),
        needs=tuple(row.get("needs", ())),
        takes=tuple(row.get("takes", ())),
    )
