"""Titles: what official lists say an enterprise holds or held, and the lists themselves (称号)."""
