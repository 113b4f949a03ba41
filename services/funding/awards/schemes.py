"""Award schemes (奖补项目): what a payer offers, to whom and for what, read from `rules/*.yaml`.

Owns the shape of the rule files and the offer in force on a day. Decides nothing about an
enterprise. Amounts are whole yuan; a file with a float, an unknown field or an amount that does
not fit its kind is refused with file and line. A scheme ends by its dates and is never taken out
of its file, for entitlements refer to it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    SkipValidation,
    Tag,
    field_validator,
    model_validator,
)

from services.funding.rule_files import InForce, Note, Part, Sourced, Texts, as_model
from services.funding.titles import known_metrics, title_names
from shared.authorities import authorities, covers
from shared.rules.atoms import leaves_of
from shared.rules.lined_yaml import RuleFileError, Tree, read_tree
from shared.rules.load import parse_condition
from shared.rules.model import Condition

RULES = Path(__file__).parent / "rules"

Yuan = Annotated[int, Field(strict=True, ge=1, le=100_000_000)]
Percent = Annotated[int, Field(strict=True, ge=1, le=100)]
Occasion: TypeAlias = Literal["new", "moved_in", "renewed"]
Payee: TypeAlias = Literal["enterprise", "park_operator", "service_institution", "research_partner"]
Origin: TypeAlias = Literal["title", "claim"]
Stacking: TypeAlias = Literal["add", "fill_up", "exclude", "unknown"]
Shortage: TypeAlias = Literal["scale_down", "carry_over", "first_titles_first", "unknown"]
ClawBack: TypeAlias = Literal["fraud", "annulled", "moved_away"]


class Benefit(StrEnum):
    """What is given: 资金, or a key resource (关键资源), which is no money."""

    MONEY = "money"
    LAND_PRIORITY = "land_priority"
    INDUSTRIAL_HOUSING = "industrial_housing"
    PROPERTY_SPLIT = "property_split"
    TRAFFIC_PERMIT = "traffic_permit"


class OfferKind(StrEnum):
    """How the source states the offer: 定额, 上限, 区间, 多值, 无, 按比例, 未载明, 数量."""

    FIXED = "fixed"
    CAP = "cap"
    RANGE = "range"
    BY_SUBTYPE = "by_subtype"
    NONE = "none"
    SHARE = "share"
    UNSTATED = "unstated"
    QUANTITY = "quantity"


CLAIM_KINDS = frozenset({OfferKind.SHARE, OfferKind.CAP, OfferKind.UNSTATED})
"""What a claim may ask for: its amount comes out of the review."""


class Bounds(Part):
    """Between `min` and `max` (区间); without `min`, at most `max` (上限)."""

    min: Yuan | None = None
    max: Yuan


class Subtype(Part):
    """The amount for one kind of title holder (多值)."""

    subtype: str
    en: str
    amount: Yuan


class Share(Part):
    """A share of the eligible cost (按比例), up to a cap. Null: the payer must set it, or none."""

    percent: Percent | None
    cap: Yuan | None


def _shape(value: object) -> str:
    """Which kind of value a file means, so that a mistake is told of that kind alone."""
    match value:
        case dict() | Share() | Bounds():
            keys = value if isinstance(value, dict) else type(value).model_fields
            return "share" if "percent" in keys or "cap" in keys else "bounds"
        case list() | tuple():
            return "subtypes"
        case None:
            return "nothing"
    return "whole number"


OfferValue = Annotated[
    Annotated[Yuan, Tag("whole number")]
    | Annotated[Bounds, Tag("bounds")]
    | Annotated[Share, Tag("share")]
    | Annotated[tuple[Subtype, ...], Tag("subtypes")]
    | Annotated[None, Tag("nothing")],
    Discriminator(_shape),
]


class Offer(InForce, Sourced):
    """What is offered between two days; null is open. A title counts by its first day."""

    kind: OfferKind
    value: OfferValue
    unit: Literal["cny", "right", "vehicle"]
    printed: str

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Offer":
        money = self.unit == "cny"
        bounds = self.value if isinstance(self.value, Bounds) else None
        fits = {
            OfferKind.FIXED: isinstance(self.value, int) and money,
            OfferKind.CAP: bounds is not None and bounds.min is None and money,
            OfferKind.RANGE: bounds is not None and (bounds.min or bounds.max) < bounds.max,
            OfferKind.BY_SUBTYPE: isinstance(self.value, tuple) and len(self.value) > 1,
            OfferKind.NONE: self.value is None,
            OfferKind.SHARE: isinstance(self.value, Share) and money,
            OfferKind.UNSTATED: self.value is None and money,
            OfferKind.QUANTITY: isinstance(self.value, int) and not money,
        }
        if not fits[self.kind]:
            raise ValueError(f"{self.value!r} {self.unit} is no value of the kind {self.kind}")
        return self

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """The least and the most that may be paid, in yuan; None is not stated."""
        match self.value:
            case int() if self.kind is OfferKind.FIXED:
                return self.value, self.value
            case Bounds():
                return self.value.min, self.value.max
            case Share():
                return None, self.value.cap
            case tuple():
                amounts = [subtype.amount for subtype in self.value]
                return min(amounts), max(amounts)
        return None, None

    @property
    def subtypes(self) -> tuple[Subtype, ...]:
        """The amounts by kind of title holder; none where the amount does not go by kind."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def share(self) -> Share | None:
        """The share of the cost, where the offer is one."""
        return self.value if isinstance(self.value, Share) else None

    @property
    def quantity(self) -> int | None:
        """How much of a benefit without money; None for money."""
        is_quantity = self.kind is OfferKind.QUANTITY and isinstance(self.value, int)
        return self.value if is_quantity and isinstance(self.value, int) else None


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
    """One award, aid or benefit of one payer (奖补项目)."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    zh: str
    en: str
    payer: Payer
    payee: Payee
    titles: tuple[str, ...]
    """One of these titles is needed; none: no title is asked for."""
    conditions: Annotated[Condition | None, SkipValidation] = None
    """What must hold beside the title."""
    also_checked: tuple[Texts, ...] = ()
    """What the payer checks itself, for the platform does not hold it."""
    benefit: Benefit
    origin: Origin
    """Whether a title brings it (免申即享 or as the payer announces) or a claim (申报)."""
    automatic: bool = Field(strict=True)
    """免申即享: paid when the title takes effect, with no application."""
    occasions: tuple[Occasion, ...] | None
    """新认定, 市外迁入, 复核通过; null where the source does not say."""
    period: Literal["once", "yearly", "project"]
    stacking: Stacking
    shortage: Shortage
    claw_back: tuple[ClawBack, ...]
    notes: tuple[Note, ...] = ()
    amounts: tuple[Offer, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Scheme":
        if unknown := sorted(set(self.titles) - title_names().keys()):
            raise ValueError(f"{self.id}: no titles of reference/titles.yaml: {unknown}")
        for earlier, later in pairwise(self.amounts):
            if earlier.until is None or later.since is None or later.since <= earlier.until:
                raise ValueError(f"{self.id}: two amounts are in force on one day")
        if self.is_money == any(offer.kind is OfferKind.QUANTITY for offer in self.amounts):
            raise ValueError(f"{self.id}: a benefit without money has quantities, money has none")
        kinds = {offer.kind for offer in self.amounts}
        if self.origin == "claim":
            if self.automatic or self.occasions is not None or not kinds <= CLAIM_KINDS:
                raise ValueError(f"{self.id}: a claim is not automatic, and is a share or capped")
        elif not self.titles or self.period == "project" or self.payee != "enterprise":
            raise ValueError(f"{self.id}: only an enterprise has a title that brings something")
        elif kinds & {OfferKind.SHARE, OfferKind.UNSTATED}:
            raise ValueError(f"{self.id}: a share or an unstated amount needs a claim")
        return self

    @property
    def is_money(self) -> bool:
        """Whether money is paid."""
        return self.benefit is Benefit.MONEY

    def amount_on(self, day: date) -> Offer | None:
        """The offer in force on the day; None when nothing is offered."""
        found = next((amount for amount in self.amounts if amount.in_force(day)), None)
        return None if found is None or found.kind is OfferKind.NONE else found

    def period_of(self, day: date) -> str:
        """The period a day belongs to, for a scheme that is not one per project."""
        return "once" if self.period == "once" else str(day.year)

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
def schemes_for(region: str) -> tuple[Scheme, ...]:
    """The schemes whose payer covers the region."""
    return tuple(scheme for scheme in schemes().values() if scheme.payer.covers(region))


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
        parts: Mapping[str, Any] = {**row, "payer": payer, **_conditions(row, path)}
        yield as_model(Scheme, parts, row, path.name)


def _conditions(row: Tree, path: Path) -> dict[str, Condition]:
    """The scheme's conditions as the rule language reads them. Raises RuleFileError."""
    if row.get("conditions") is None:
        return {}
    condition = parse_condition(row["conditions"], file=path.name, metrics=known_metrics())
    ids = [test.id for test in leaves_of(condition)]
    if len(set(ids)) < len(ids):
        raise RuleFileError(
            path.name, row.at("conditions"), "Two conditions have one id; give each its own `id`."
        )
    return {"conditions": condition}
