"""Budgets of the awards as a double-entry ledger (复式记账): a book per payer, scheme and year."""
