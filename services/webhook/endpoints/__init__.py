"""Endpoints: where partners take events, with their secrets and their state (推送端点)."""
