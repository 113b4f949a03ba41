"""Authorities (主管部门) and what each covers. Scope is an authority, not a code prefix.

A province's prefix does not cover a 计划单列市 that reports on its own; 新疆生产建设兵团 has no
region code; a district sits under its city. The table is data: `reference/authorities.yaml`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Authority:
    """One authority. `covers` and `excludes` are region-code prefixes."""

    code: str
    name: str
    level: str
    parent: str | None
    covers: tuple[str, ...]
    excludes: tuple[str, ...]

    def includes(self, region: str) -> bool:
        """Whether this region (GB/T 2260) lies within the authority's scope."""
        return region.startswith(self.covers) and not region.startswith(self.excludes)


@cache
def authorities() -> dict[str, Authority]:
    """Every authority by code."""
    path = Path(__file__).parent / "reference" / "authorities.yaml"
    rows = yaml.safe_load(path.read_text("utf-8"))["authorities"]
    return {
        row["code"]: Authority(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            parent=row.get("parent"),
            covers=tuple(row.get("covers", ())),
            excludes=tuple(row.get("excludes", ())),
        )
        for row in rows
    }


def covers(authority: str | None, region: str) -> bool:
    """Whether the authority's scope includes the region; an unknown authority covers nothing."""
    known = authorities().get(authority or "")
    return known is not None and known.includes(region)


def scope_of(authority: str | None) -> Authority | None:
    """The authority by code, or None."""
    return authorities().get(authority or "")
