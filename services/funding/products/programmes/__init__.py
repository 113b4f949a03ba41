"""Bank programmes (银行专项): what a bank committed, and what it reports as used.

The commitment is the bank's own and so is every figure of its use; the platform shows both with
their day, adds nothing up against them and reserves nothing.
"""
