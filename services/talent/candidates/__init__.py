"""Candidates (人才): a profile the matcher reads, and personal fields that are encrypted."""
