"""Certification: which tier an enterprise reaches and why, and the titles it holds (评价、称号).

Owns the editions of the law, the outlook of every enterprise, and titles as official lists name
them. Learns about enterprises from events. Never issues a title: the province and the ministry do.
"""
