"""Funding: which awards and loans an enterprise may have, and why (奖补、融资).

Owns award schemes, entitlements, loan products and what each bank may hear. Learns about
enterprises, titles and consents from events and keeps the latest of each. Moves no money, decides
no loan, and never calls another service.
"""
