"""The funding service: composition root."""

from services.funding import handlers
from services.funding.applications import routes as applications
from services.funding.awards import routes as awards
from services.funding.awards.schemes import schemes
from services.funding.banks import routes as banks
from services.funding.banks.signing import signer
from services.funding.claims import routes as claims
from services.funding.claims.machine import procedure
from services.funding.jobs import JOBS
from services.funding.needs import routes as needs
from services.funding.payments.desk import read_desks
from services.funding.payments.routers import ROUTERS as PAYMENT_ROUTERS
from services.funding.products import catalogue
from services.funding.products.population.matcher import ProductMatcher
from services.funding.products.programmes.files import programmes
from services.funding.products.routers import ROUTERS as PRODUCT_ROUTERS
from services.funding.readiness import routes as readiness
from shared.app import create_service

(
    schemes(),
    procedure(),
    catalogue.seeds(),
    programmes(),
)  # a rule file that cannot be read stops the start
read_desks()
signer()  # and so does a missing key of the daily files

app = create_service(
    "funding",
    title="奖补与融资 Awards and loans",
    description="Award entitlements (奖补权益) and loan products (贷款产品), with reasons.",
    routers=[
        awards.router,
        claims.router,
        *PAYMENT_ROUTERS,
        *PRODUCT_ROUTERS,
        needs.router,
        readiness.router,
        banks.router,
        applications.router,
    ],
    handlers=[
        handlers.on_dossier_changed,
        handlers.on_titles_changed,
        handlers.on_consents_changed,
        handlers.on_loan_decided,
        handlers.on_needs_changed,
    ],
    jobs=JOBS,
    companions=[ProductMatcher()],
)
