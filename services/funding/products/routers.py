"""The routers of the finance products, for the service's composition root."""

from services.funding.products import routes as products
from services.funding.products.population import routes as matches
from services.funding.products.programmes import routes as programmes

ROUTERS = (products.router, matches.router, programmes.router)
