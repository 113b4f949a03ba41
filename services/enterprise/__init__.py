"""Enterprise: one dossier per firm (一户一档), every version of it, its consents and its needs.

Owns dossiers, consents, needs (需求) and the dictionaries of regions, industries and segments.
Publishes DossierChanged, ConsentsChanged and NeedsChanged. Never judges a firm, seeks nothing for
its needs, and calls no other service.
"""
