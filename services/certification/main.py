"""The certification service: composition root."""

from services.certification import handlers
from services.certification.jobs import JOBS
from services.certification.routers import ROUTERS
from services.certification.simulations.routes import RUNNER
from shared.app import create_service

app = create_service(
    "certification",
    title="称号与评价 Titles and outlooks",
    description="Which tier an enterprise reaches (梯度评价) and the titles it holds (称号).",
    routers=ROUTERS,
    handlers=[handlers.on_dossier_changed],
    jobs=JOBS,
    companions=[RUNNER],
)
