"""A dossier as a self-test takes it: half-filled is fine, an unknown field is not.

Whatever names an item stays needed (the year of accounts, the kind of a right); the rest may be
left out, the enterprise's code among them. What is left out is not known: never zero.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import Field, create_model, field_validator

from contracts.dossier import Dossier
from contracts.facts import DigitalLevel, EnterpriseFacts, YearAccounts, YearHeadcount
from contracts.values import Value


def _optional(model: type[Value], *names: str) -> dict[str, Any]:
    """The fields, as they are declared but not required."""
    fields = {}
    for name in names:
        declared = model.model_fields[name]
        fields[name] = (
            declared.rebuild_annotation() | None,
            Field(None, title=declared.title, description=declared.description),
        )
    return fields


if TYPE_CHECKING:
    _HalfDossier: TypeAlias = Dossier
else:
    _Accounts = create_model(
        "SelfTestAccounts", __base__=YearAccounts, **_optional(YearAccounts, "revenue_cny")
    )
    _Headcount = create_model(
        "SelfTestHeadcount", __base__=YearHeadcount, **_optional(YearHeadcount, "employees")
    )
    _Digital = create_model(
        "SelfTestDigitalLevel",
        __base__=DigitalLevel,
        **_optional(DigitalLevel, "edition", "tested_on"),
    )
    _HalfDossier = create_model(
        "HalfDossier",
        __base__=Dossier,
        **_optional(Dossier, "uscc", "region", "industry", "name"),
        accounts=(tuple[_Accounts, ...], Field((), max_length=10, title="财务数据")),
        headcounts=(tuple[_Headcount, ...], Field((), max_length=10, title="人员数据")),
        digital_level=(_Digital | None, Field(None, title="数字化水平")),
    )


class SelfTestDossier(_HalfDossier):
    """What an enterprise knows of itself so far (自评档案)."""

    held_titles: tuple[str, ...] | None = Field(
        None,
        max_length=30,
        title="已持有称号",
        description="Kinds of title held now, of /v1/dictionaries/titles. Null: not said.",
        examples=[["innovative_sme"]],
    )

    @field_validator("accounts", "headcounts", "development_scores")
    @classmethod
    def _one_of_a_year(cls, rows: tuple[Any, ...]) -> tuple[Any, ...]:
        years = [row.year for row in rows]
        twice = sorted({year for year in years if years.count(year) > 1})
        if twice:
            raise ValueError(f"the year {twice[0]} is given twice; keep one")
        return rows

    def facts_in(self, region: str | None) -> EnterpriseFacts:
        """The facts as rules read them, in another region when one is given."""
        facts = self.facts()
        return facts if region is None else facts.model_copy(update={"region": region})
