"""The webhook service: composition root."""

from services.webhook.composition import create_webhook

app = create_webhook()
