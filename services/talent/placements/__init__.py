"""Placements (人才对接): contact request, the person's consent, the outcome the firm reports."""
