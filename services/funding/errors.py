"""Errors that the slices of the funding service share; each slice names its own in its folder.

NotFound  └── EnterpriseNotFound     (shared.scope)
Forbidden └── OutOfScope             (shared.scope)

A rule file that cannot be read is no error of a request: RuleFileError stops the start.
"""
