"""The enterprise service: composition root."""

from services.enterprise import consent_routes, dictionary_routes, handlers, routes
from shared.app import create_service

app = create_service(
    "enterprise",
    title="企业档案 Enterprise dossiers",
    description="One dossier per enterprise (一户一档), its versions, and its consents to banks.",
    routers=[routes.router, consent_routes.router, dictionary_routes.router],
    handlers=[handlers.on_case_accepted],
)
