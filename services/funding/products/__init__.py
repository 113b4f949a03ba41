"""Loan products: which of a bank's products an enterprise fits, and what the bank may hear."""
