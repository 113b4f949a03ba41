"""Every event of the platform. One module per producer; importing this package declares all."""

from contracts.events import certification, enterprise, funding

__all__ = ["certification", "enterprise", "funding"]
