"""Flexible secondments (柔性引才): a share of a researcher's time, agreed by all three."""
