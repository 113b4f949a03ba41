"""Every event of the platform. One module per producer; importing this package declares all."""

from contracts.events import bank, catalog, certification, enterprise, funding, talent, webhook

__all__ = ["bank", "catalog", "certification", "enterprise", "funding", "talent", "webhook"]
