"""Outlooks: what the law of the day says of an enterprise, with every criterion (梯度评价)."""
