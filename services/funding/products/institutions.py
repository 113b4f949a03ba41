"""Institutions (机构) that offer finance products: the banks, and others the report names by kind.

A bank alone has a topic and hears of enterprises; another institution is shown to them.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.funding.rule_files import Texts
from shared.banks import banks
from shared.rules.lined_yaml import read_tree

REFERENCE = Path(__file__).parent / "reference"


@dataclass(frozen=True)
class Institution:
    """Who offers a product."""

    code: str
    name: Texts
    is_bank: bool


@cache
def institutions() -> dict[str, Institution]:
    """Every institution by code, the banks first."""
    found = {
        bank.code: Institution(bank.code, Texts(zh=bank.zh, en=bank.en), True)
        for bank in banks().values()
    }
    for row in read_tree(REFERENCE / "institutions.yaml")["institutions"]:
        found[row["code"]] = Institution(row["code"], Texts(zh=row["zh"], en=row["en"]), False)
    return found
