"""Every router of the payment desk, its ledger among them, in the order of the merged document."""

from services.funding.ledger import routes as ledger
from services.funding.payments import claw_back_routes, notice_routes, run_routes

ROUTERS = [ledger.router, run_routes.router, notice_routes.router, claw_back_routes.router]
