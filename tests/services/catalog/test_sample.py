"""What the sample files is what the services take, and says of itself that it is a sample."""

from contracts.events.enterprise import NeedKind
from deploy.local.sample.carriers import CARRIERS, SERVED_AT
from deploy.local.sample.needs import WISHES
from deploy.local.sample.providers import OFFERINGS, PROVIDERS, REPORT
from services.catalog.carriers.schemas import CarrierKind, CarrierWrite
from services.catalog.offerings.schemas import OfferingWrite
from services.catalog.providers.schemas import ProviderWrite
from services.enterprise.needs.schemas import NeedWrite


def test_every_kind_of_carrier_has_an_entry_and_made_up_ones_say_so_in_their_names() -> None:
    carriers = [CarrierWrite.model_validate(entry) for entry in CARRIERS.values()]
    assert {carrier.kind for carrier in carriers} == set(CarrierKind)
    for carrier in carriers:
        assert carrier.source == REPORT or "示例" in carrier.name


def test_providers_and_what_they_offer_are_valid_and_linked_to_carriers() -> None:
    codes = {
        ProviderWrite.model_validate({**entry, "authority": "440100"}).provider
        for entry in PROVIDERS
    }
    assert codes == OFFERINGS.keys()
    for code, offering in OFFERINGS.items():
        written = OfferingWrite.model_validate({**offering, "carriers": SERVED_AT.get(code, [])})
        assert set(written.carriers) <= CARRIERS.keys()
        assert "示例" in written.name


def test_the_sample_needs_are_of_every_kind() -> None:
    assert {NeedWrite.model_validate(wish).kind for wish in WISHES} == set(NeedKind)
