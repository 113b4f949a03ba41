"""Enterprise: one dossier per firm (一户一档), every version of it, and the consents it gave.

Owns dossiers, consents and the dictionaries of regions, industries and segments. Publishes
DossierChanged and ConsentsChanged. Never judges a firm, and calls no other service.
"""
