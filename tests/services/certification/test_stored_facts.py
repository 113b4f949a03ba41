"""Facts read quickly from the store are the facts that were checked: every metric agrees."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.facts import EnterpriseFacts
from services.certification.simulations.stored_facts import facts_of
from shared.rules.metrics import METRICS, read
from tests.shared.rules.made_facts import FORGOTTEN, WHOLE, facts_without


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_every_metric_of_stored_facts_agrees_with_the_checked_model(data: st.DataObject) -> None:
    facts = facts_without(data.draw(WHOLE), data.draw(FORGOTTEN))
    stored = facts_of(facts.model_dump(mode="json", exclude_none=True))
    day = data.draw(st.dates(min_value=date(2015, 1, 1), max_value=date(2030, 12, 31)))
    checked, quick = read(facts, day), read(stored, day)
    for name, metric in METRICS.items():
        if metric.read is not None:
            assert quick.found(name) == checked.found(name), name


def test_example_of_every_fact_reads_the_same() -> None:
    """The generated example fills every field there is."""
    from contracts.events.enterprise import DossierChanged
    from contracts.generation.examples import example_of

    facts: EnterpriseFacts = DossierChanged.model_validate(example_of(DossierChanged)).facts
    stored = facts_of(facts.model_dump(mode="json", exclude_none=True))
    for name in EnterpriseFacts.model_fields:
        whole, quick = getattr(facts, name), getattr(stored, name)
        assert _plain(quick) == _plain(whole), name


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    if hasattr(value, "__dict__") and not isinstance(value, str):
        return {name: _plain(item) for name, item in vars(value).items()}
    return value
