"""Tier packs (梯度服务包): the highest valid title decides, else the enterprise is an applicant."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from services.catalog.offerings.schemas import PackRead
from shared.rules.lined_yaml import read_tree

RULES = Path(__file__).parent.parent / "rules" / "packs.yaml"


@cache
def _file() -> dict[str, Any]:
    return dict(read_tree(RULES))


def packs() -> list[PackRead]:
    """Every pack, for the highest title first."""
    tree = _file()
    known = set(PackRead.model_fields)
    return [
        PackRead(
            **{name: value for name, value in row.items() if name in known},
            source=tree["source"],
            verification=tree["verification"],
        )
        for row in tree["packs"]
    ]


def choose_packs(kinds: Iterable[str]) -> tuple[str | None, list[PackRead]]:
    """The title that decides and its packs; (None, those for applicants) without one."""
    held, rows = set(kinds), _file()["packs"]
    decided = next((kind for row in rows for kind in row["titles"] if kind in held), None)
    chosen = {
        row["id"]
        for row in rows
        if (decided in row["titles"] if decided is not None else not row["titles"])
    }
    return decided, [pack for pack in packs() if pack.id in chosen]
