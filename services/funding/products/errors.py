"""Errors of the finance products.

NotFound      ├── LoanProductNotFound   no such product, or it is another bank's
              └── ProductMatchNotFound  no such population match, or it is another bank's
Conflict      └── LoanProductExists     the id is taken
Unprocessable └── LoanProductUnusable   the loader refuses it, with field and reason
Forbidden                               (shared.auth) another institution's product
"""

from shared.errors import Conflict, NotFound, Unprocessable


class LoanProductNotFound(NotFound):
    """There is no such product, or it is another bank's."""

    slug = "loan-product-not-found"


class ProductMatchNotFound(NotFound):
    """There is no such population match, or it is of another bank's product."""

    slug = "product-match-not-found"


class LoanProductExists(Conflict):
    """The id is taken."""

    slug = "loan-product-exists"


class LoanProductUnusable(Unprocessable):
    """The loader refuses the product."""

    slug = "loan-product-unusable"
