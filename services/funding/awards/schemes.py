"""Award schemes (奖补项目): what a payer offers for a title, read from `rules/*.yaml`.

Owns the shape of the rule files and the amount in force on a day. Decides nothing about an
enterprise. Amounts are whole yuan; a file with a float, an unknown field or an amount that does
not fit its kind is refused with file and line. A scheme ends by its dates and is never taken out
of its file, for entitlements refer to it.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from contracts.events.funding import AmountKind
from services.funding.rule_files import InForce, Note, Part, Sourced, Texts, as_model
from shared.authorities import authorities, covers
from shared.rules.lined_yaml import RuleFileError, read_tree

RULES = Path(__file__).parent / "rules"

Yuan = Annotated[int, Field(strict=True, ge=1, le=100_000_000)]
Occasion: TypeAlias = Literal["new", "moved_in"]


class Bounds(Part):
    """Between `min` and `max` (区间); without `min`, at most `max` (上限)."""

    min: Yuan | None = None
    max: Yuan


class Subtype(Part):
    """The amount for one kind of title holder (多值)."""

    subtype: str
    en: str
    amount: Yuan


class Amount(InForce, Sourced):
    """What is offered for titles that took effect between two days; null is open."""

    kind: AmountKind
    value: Yuan | Bounds | tuple[Subtype, ...] | None
    unit: Literal["cny"]
    printed: str

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Amount":
        fits = {
            AmountKind.FIXED: isinstance(self.value, int),
            AmountKind.CAP: isinstance(self.value, Bounds) and self.value.min is None,
            AmountKind.RANGE: isinstance(self.value, Bounds)
            and self.value.min is not None
            and self.value.min < self.value.max,
            AmountKind.BY_SUBTYPE: isinstance(self.value, tuple) and len(self.value) > 1,
            AmountKind.NONE: self.value is None,
        }
        if not fits[self.kind]:
            raise ValueError(f"{self.value!r} is no value of the kind {self.kind}")
        return self

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """The least and the most that may be paid, in yuan; None is not stated."""
        if isinstance(self.value, int):
            return self.value, self.value
        if isinstance(self.value, Bounds):
            return self.value.min, self.value.max
        if self.value is None:
            return None, None
        amounts = [subtype.amount for subtype in self.value]
        return min(amounts), max(amounts)


class Payer(Part):
    """Who pays (奖补主体): an authority, and the level at which it is paid."""

    code: str = Field(alias="payer")
    level: Literal["national", "province", "city", "district"] = Field(alias="payer_level")
    note: Note | None = Field(None, alias="payer_note")
    scope_note: Note | None = None
    contact: Note | None = None

    @field_validator("code")
    @classmethod
    def _is_an_authority(cls, code: str) -> str:
        if code not in authorities():
            raise ValueError(f"{code} is no authority of shared/reference/authorities.yaml")
        return code

    @property
    def name(self) -> str:
        """The authority's name."""
        return authorities()[self.code].name

    def covers(self, region: str) -> bool:
        """Whether an enterprise registered in this region may be paid."""
        return covers(self.code, region)


class Scheme(Part):
    """One award for one kind of title (奖补项目)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str
    zh: str
    en: str
    automatic: bool = Field(strict=True)
    """免申即享: paid when the title takes effect, with no application."""
    occasions: tuple[Occasion, ...] | None
    """新认定, 市外迁入; null where the source does not say."""
    period: Literal["once"]
    stacking: Literal["add", "fill_up", "exclude", "unknown"]
    amounts: tuple[Amount, ...] = Field(min_length=1)
    payer: Payer

    @model_validator(mode="after")
    def _one_amount_a_day(self) -> "Scheme":
        for earlier, later in pairwise(self.amounts):
            if earlier.until is None or later.since is None or later.since <= earlier.until:
                raise ValueError(f"{self.id}: two amounts are in force on one day")
        return self

    def amount_on(self, day: date) -> Amount | None:
        """The amount for a title that took effect on the day; None when nothing is offered."""
        found = next((amount for amount in self.amounts if amount.in_force(day)), None)
        return None if found is None or found.kind is AmountKind.NONE else found

    @property
    def contact(self) -> Texts:
        """Whom to ask: the named office, or the payer's SME authority (中小企业主管部门)."""
        if self.payer.contact is not None:
            return Texts(zh=self.payer.contact.zh, en=self.payer.contact.en)
        if self.payer.level == "district":
            return Texts(
                zh=f"{self.payer.name}各区中小企业主管部门",
                en=f"SME authority of the enterprise's district of {self.payer.name}",
            )
        return Texts(
            zh=f"{self.payer.name}中小企业主管部门", en=f"SME authority of {self.payer.name}"
        )


@cache
def schemes() -> dict[str, Scheme]:
    """Every scheme by id. Raises RuleFileError."""
    return read_schemes(RULES)


@cache
def rules_digest() -> str:
    """Which text of the rule files this process decides by."""
    digest = sha256()
    for path in sorted(RULES.glob("*.yaml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def read_schemes(folder: Path) -> dict[str, Scheme]:
    """The schemes of a folder of rule files by id. Raises RuleFileError."""
    found: dict[str, Scheme] = {}
    for path in sorted(folder.glob("*.yaml")):
        for scheme in _read_file(path):
            if scheme.id in found:
                raise RuleFileError(path.name, 1, f"The scheme {scheme.id} is declared twice.")
            found[scheme.id] = scheme
    return found


def _read_file(path: Path) -> Iterator[Scheme]:
    tree = read_tree(path)
    head = {key: value for key, value in tree.items() if key != "schemes"}
    payer = as_model(Payer, head, tree, path.name)
    for row in tree["schemes"]:
        yield as_model(Scheme, {**row, "payer": payer}, row, path.name)
