"""How metrics read a fact of the dossier as it stands, and the short forms that declare them."""

from datetime import date

from contracts.facts import EnterpriseFacts
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing

ANNEX_4 = "工信部企业〔2022〕63号 附件4"
MEASURES = "工信部企业〔2022〕63号"
AS_FILED = "As the dossier says."


def field(name: str) -> Reader:
    """A fact that stands in the dossier as the rules read it."""

    def read(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
        value: bool | int | str | None = getattr(facts, name)
        return missing(name) if value is None else value

    return read


def part(holder_name: str, name: str) -> Reader:
    """A fact of a part of the dossier."""

    def read(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
        holder = getattr(facts, holder_name)
        value: bool | int | str | None = None if holder is None else getattr(holder, name)
        return missing(f"{holder_name}.{name}") if value is None else value

    return read


def flag(name: str, zh: str, en: str, read: Reader, description: str) -> Metric:
    """A yes-or-no metric."""
    return Metric(name, zh, en, Kind.FLAG, None, MEASURES, description, read)


def count(
    name: str, zh: str, en: str, read: Reader, description: str, unit: str = "count"
) -> Metric:
    """A metric that counts."""
    return Metric(name, zh, en, Kind.COUNT, unit, ANNEX_4, description, read)
