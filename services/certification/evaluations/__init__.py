"""Stored evaluations: what was judged, from which facts, by which text; and judged again."""
