"""Performance of providers (绩效评价, 动态调整)."""
