"""Errors of the bank programmes.

NotFound      └── ProgrammeNotFound     no rule file has it, or it is another bank's to report on
Unprocessable └── ProgrammeUseUnusable  the day lies ahead
"""

from shared.errors import NotFound, Unprocessable


class ProgrammeNotFound(NotFound):
    """No rule file has this programme."""

    slug = "bank-programme-not-found"


class ProgrammeUseUnusable(Unprocessable):
    """The day lies ahead."""

    slug = "programme-use-unusable"
