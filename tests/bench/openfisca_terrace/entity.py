"""The one entity."""

from openfisca_core.entities import build_entity

ENTERPRISE = build_entity(
    key="enterprise", plural="enterprises", label="Enterprise", is_person=True
)
