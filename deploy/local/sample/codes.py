"""Unified social credit codes for made-up enterprises (GB 32100-2015, GB 11714).

The organisation part begins with YY, a series that no registration office issues, so no code
can be that of a real enterprise. Both check characters are right.
"""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SERIES = "YY"


def make_uscc(region: str, number: int) -> str:
    """The code of sample enterprise `number` (0 to 999,999) registered in this region."""
    if not 0 <= number <= 999_999:
        raise ValueError(f"{number} does not fit the six digits of the series {_SERIES}.")
    body = f"{_SERIES}{number:06d}"
    first = f"91{region}{body}{organisation_check(body)}"
    return first + check_character(first)


def check_character(first: str) -> str:
    """The 18th character for the first 17 (GB 32100-2015): a remainder of 0 gives 0."""
    total = sum(_ALPHABET.index(c) * w for c, w in zip(first, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def organisation_check(body: str) -> str:
    """The 9th character of an organisation code (GB 11714); letters count from A = 10."""
    total = sum(int(c, 36) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    value = 11 - total % 11
    return {10: "X", 11: "0"}.get(value, str(value))
