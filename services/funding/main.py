"""The funding service: composition root."""

from services.funding import handlers
from services.funding.awards import routes as awards
from services.funding.awards.schemes import schemes
from services.funding.jobs import JOBS
from services.funding.products import catalogue
from services.funding.products import routes as products
from shared.app import create_service

schemes(), catalogue.products()  # a rule file that cannot be read stops the start

app = create_service(
    "funding",
    title="奖补与融资 Awards and loans",
    description="Award entitlements (奖补权益) and loan products (贷款产品), with reasons.",
    routers=[awards.router, products.router],
    handlers=[
        handlers.on_dossier_changed,
        handlers.on_titles_changed,
        handlers.on_consents_changed,
    ],
    jobs=JOBS,
)
