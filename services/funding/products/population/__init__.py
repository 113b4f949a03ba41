"""A product matched to the whole population: measures as columns, judged as arrays (decision 9).

Chooses whom a new or changed product may concern. What a bank hears is decided by the same function
that decides it for one enterprise, so the two cannot differ.
"""
