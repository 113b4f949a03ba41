"""Needs of enterprises as heard, matched with offerings both ways (需求对接)."""
