"""Simulations (政策沙盘): another law over the whole stored population, and who it would move."""
