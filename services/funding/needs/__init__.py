"""Financing needs (融资需求库), matched to products from both sides.

Keeps the open financing needs that enterprises stated elsewhere. A bank sees a need only when the
enterprise opened it to all banks, or named this bank and its consent to it holds.
"""
