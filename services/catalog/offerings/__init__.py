"""Offerings, their search, recommendations and tier packs (服务项目, 梯度服务包)."""
