"""Banks (银行) the platform knows, each with its topic `bank.<code>.loan-eligibility`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Bank:
    """A bank: its code in topics and tokens, and its names."""

    code: str
    zh: str
    en: str


@cache
def banks() -> dict[str, Bank]:
    """Every bank by code."""
    path = Path(__file__).parent / "reference" / "banks.yaml"
    rows = yaml.safe_load(path.read_text("utf-8"))["banks"]
    return {row["code"]: Bank(**row) for row in rows}
