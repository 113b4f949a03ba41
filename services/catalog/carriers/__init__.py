"""Linked carriers: bases, public platforms, feature carriers (链接载体)."""
