"""Vouchers and their budgets (服务券)."""
