"""Gateway: the one address of the platform. Routes, identity, limits, the merged OpenAPI.

Owns no fact and no database. Knows a service by its committed OpenAPI document alone: which
paths and methods exist, and which need a token. Never decides what a caller may see.
"""
