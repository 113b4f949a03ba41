"""Internships (实习实践): places an institution and a firm agree on, filled one by one."""
