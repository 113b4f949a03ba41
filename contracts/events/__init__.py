"""Every event of the platform. One module per producer; importing this package declares all."""

from contracts.events import catalog, certification, enterprise, funding, talent, webhook

__all__ = ["catalog", "certification", "enterprise", "funding", "talent", "webhook"]
