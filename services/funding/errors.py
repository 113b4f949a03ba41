"""Errors of the funding service.

NotFound  ├── EnterpriseUnknown      funding has heard of no dossier under this code
          ├── AwardSchemeNotFound    no rule file has this scheme
          └── LoanProductNotFound    no rule file has this product, or it is another bank's
Forbidden └── OutOfScope             another authority's, or another's enterprise

A rule file that cannot be read is no error of a request: RuleFileInvalid stops the start.
"""

from shared.auth import Forbidden
from shared.errors import NotFound


class EnterpriseUnknown(NotFound):
    """Funding has heard of no dossier under this code."""

    slug = "enterprise-unknown"


class AwardSchemeNotFound(NotFound):
    """No rule file has this scheme."""

    slug = "award-scheme-not-found"


class LoanProductNotFound(NotFound):
    """No rule file has this product, or it is another bank's."""

    slug = "loan-product-not-found"


class OutOfScope(Forbidden):
    """Another authority's enterprise, or another enterprise's money."""

    slug = "out-of-scope"
