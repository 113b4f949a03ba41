"""The certification service: composition root."""

from services.certification import handlers
from services.certification.jobs import JOBS
from services.certification.outlooks import routes as outlooks
from services.certification.titles import list_routes as lists
from services.certification.titles import routes as titles
from shared.app import create_service

app = create_service(
    "certification",
    title="称号与评价 Titles and outlooks",
    description="Which tier an enterprise reaches (梯度评价) and the titles it holds (称号).",
    routers=[outlooks.router, titles.router, lists.router],
    handlers=[handlers.on_dossier_changed],
    jobs=JOBS,
)
