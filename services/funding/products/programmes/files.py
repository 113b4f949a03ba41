"""Bank programmes as their rule files state them."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from contracts.values import BankCode
from services.funding.products.documents import Months, ProductCode
from services.funding.rule_files import InForce, Sourced, Texts, as_model
from shared.authorities import authorities
from shared.banks import banks
from shared.rules.lined_yaml import RuleFileError, read_tree

RULES = Path(__file__).parent / "rules"


class Programme(Texts, InForce, Sourced):
    """What a bank committed with a partner, and how it means to keep it (银行专项)."""

    id: ProductCode
    bank: BankCode
    partner: str
    commitment: Annotated[int, Field(strict=True, ge=1)]
    unit: Literal["cny"]
    commitment_for: Texts
    tiers: tuple[str, ...] | None
    products: tuple[ProductCode, ...] | None
    parts: tuple[Texts, ...]
    review_months: Months | None
    contact: Texts


@cache
def programmes() -> dict[str, Programme]:
    """Every programme by id. Raises RuleFileError."""
    return read_programmes(RULES)


def read_programmes(folder: Path) -> dict[str, Programme]:
    """The programmes of a folder by id. Raises RuleFileError."""
    found: dict[str, Programme] = {}
    for path in sorted(folder.glob("*.yaml")):
        tree = read_tree(path)
        one = as_model(Programme, tree, tree, path.name)
        if one.bank not in banks():
            raise RuleFileError(path.name, tree.at("bank"), f"There is no bank {one.bank}.")
        if one.partner not in authorities():
            raise RuleFileError(
                path.name, tree.at("partner"), f"There is no authority {one.partner}."
            )
        if one.id in found:
            raise RuleFileError(path.name, 1, f"The programme {one.id} is declared twice.")
        found[one.id] = one
    return found
