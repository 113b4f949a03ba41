"""Inbound: signed messages of partners, verified, taken once, published as facts (接收推送)."""
