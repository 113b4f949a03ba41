"""Webhook: signed events to partners' endpoints (推送), and signed messages from them.

Owns endpoints, their secrets, deliveries and the attempt log. Publishes EndpointDisabled,
EndpointRecovered and WebhookReceived. Takes every fact that has an audience and sends it only to
endpoints whose owner may read it over HTTP. Never opens a connection to an address inside the
platform's network, and never sends what a bank hears or who consented to what.
"""
