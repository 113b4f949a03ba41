"""Every router of the service, in the order of its documentation."""

from services.certification.evaluations import routes as evaluations
from services.certification.outlooks import routes as outlooks
from services.certification.selftests import routes as selftests
from services.certification.simulations import routes as simulations
from services.certification.titles import list_routes as lists
from services.certification.titles import routes as titles

ROUTERS = (
    outlooks.router,
    selftests.router,
    evaluations.router,
    simulations.router,
    titles.router,
    lists.router,
)
