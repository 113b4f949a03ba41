"""The enterprise service: composition root."""

from services.enterprise import consent_routes, dictionary_routes, handlers, routes
from services.enterprise.needs import routes as needs
from shared.app import create_service

app = create_service(
    "enterprise",
    title="企业档案 Enterprise dossiers",
    description="One dossier per enterprise (一户一档), its versions, consents and needs.",
    routers=[routes.router, consent_routes.router, needs.router, dictionary_routes.router],
    handlers=[handlers.on_case_accepted],
)
