"""The catalog service: composition root."""

from services.catalog import handlers
from services.catalog.jobs import JOBS
from services.catalog.routers import ROUTERS
from shared.app import create_service

app = create_service(
    "catalog",
    title="服务目录 Service catalogue",
    description="Providers (服务商), offerings (服务项目), service cases (服务案件) and vouchers.",
    routers=ROUTERS,
    handlers=[
        handlers.on_dossier_changed,
        handlers.on_titles_changed,
        handlers.on_outlook_changed,
        handlers.on_needs_changed,
    ],
    jobs=JOBS,
)
