"""Errors of the funding service.

NotFound  ├── EnterpriseNotFound     (shared.scope)
          ├── AwardSchemeNotFound    no rule file has this scheme
          └── LoanProductNotFound    no rule file has this product, or it is another bank's
Forbidden └── OutOfScope             (shared.scope)

A rule file that cannot be read is no error of a request: RuleFileError stops the start.
"""

from shared.errors import NotFound


class AwardSchemeNotFound(NotFound):
    """No rule file has this scheme."""

    slug = "award-scheme-not-found"


class LoanProductNotFound(NotFound):
    """No rule file has this product, or it is another bank's."""

    slug = "loan-product-not-found"
