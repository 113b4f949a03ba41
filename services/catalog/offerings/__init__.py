"""Offerings, their search, tier packs and carriers (服务项目, 梯度服务包, 载体)."""
