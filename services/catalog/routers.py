"""Every router of the catalog service."""

from services.catalog.carriers import routes as carriers
from services.catalog.cases import routes as cases
from services.catalog.needs import routes as needs
from services.catalog.offerings import advice_routes
from services.catalog.offerings import routes as offerings
from services.catalog.performance import routes as performance
from services.catalog.providers import routes as providers
from services.catalog.vouchers import routes as vouchers

ROUTERS = [
    providers.router,
    offerings.router,
    advice_routes.router,
    needs.router,
    carriers.router,
    cases.router,
    vouchers.router,
    performance.router,
]
"""In the order of the merged document."""
