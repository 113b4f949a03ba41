"""The gateway: composition root."""

from services.gateway.composition import create_gateway

app = create_gateway()
