"""Catalog: which services an enterprise can be given, by whom, with what result.

Owns providers and their qualification (遴选), offerings, tier packs, carriers, service cases,
vouchers and performance. Learns about enterprises, titles and outlooks from events. Moves no
money, never writes a dossier: what an accepted case proved is published, the dossier's owner
writes it. Never calls another service.
"""
