"""Funding: which awards and loans an enterprise may have, and why (奖补、融资).

Owns award schemes, entitlements, claims, payment lists and their ledger; finance products, what
each bank may hear, and the applications made to banks. Learns about enterprises, titles, consents,
needs and the banks' decisions from events and keeps the latest of each. Moves no money, decides no
loan, and never calls another service.
"""
