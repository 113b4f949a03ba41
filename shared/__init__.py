"""How services say what `contracts` declares: HTTP, database, bus, rules, clock, identity.

Imports contracts, never a service. A part stands here only when a second service needs it.
"""
