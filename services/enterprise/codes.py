"""Codes where they enter the platform: USCC (GB 32100), region (GB/T 2260), industry (GB/T 4754).

Normalises case, width and spaces; never guesses a letter. Real registers hold retired region
codes, so a region needs a known province only.
"""

import unicodedata
from functools import cache
from pathlib import Path

import yaml
from stdnum import numdb
from stdnum.cn import uscc as uscc_numbers

USCC_LENGTH = 18
_MISTYPED = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}
_REFERENCE = Path(__file__).parent / "reference"


def check_uscc(written: str) -> str:
    """The code in its normal form. Raises ValueError naming the slip (GB 32100-2015, 5)."""
    code = "".join(unicodedata.normalize("NFKC", written).upper().split())
    if code.isdigit() and len(code) in (13, 15):
        raise ValueError(
            f"{len(code)} digits are an old registration number (注册号)."
            " Use the 18-character code on the business licence issued since 2015."
        )
    if len(code) != USCC_LENGTH:
        raise ValueError(f"The code has {len(code)} characters; a USCC has {USCC_LENGTH}.")
    for position, character in enumerate(code, 1):
        if character in _MISTYPED:
            raise ValueError(
                f"Character {position} is the letter {character}, which no USCC contains;"
                f" it is often typed for {_MISTYPED[character]}. Check it on the licence."
            )
        if not (character.isascii() and character.isalnum()):
            raise ValueError(f"Character {position} ({character}) is neither digit nor letter.")
    expected = uscc_numbers.calc_check_digit(code[:-1])
    if expected != code[-1]:
        raise ValueError(
            f"The check character is {code[-1]} and the other 17 give {expected}."
            " One of them is mistyped, or two stand in the wrong order; compare with the licence."
        )
    return code


@cache
def provinces() -> dict[str, str]:
    """Province names by the first two digits."""
    table = numdb.get("cn/loc")
    return {
        f"{number}": properties["province"]
        for number in range(11, 83)
        for _, properties in table.info(f"{number}")
        if "province" in properties
    }


def check_region(code: str) -> str:
    """The code as given. Raises ValueError when its province does not exist."""
    if code[:2] not in provinces():
        raise ValueError(
            f"No province has the code {code[:2]}. Take a code from /v1/dictionaries/regions."
        )
    return code


@cache
def region_name(code: str) -> str | None:
    """The name the code has or had; None when no table knows it."""
    if code.endswith("0000"):
        return provinces().get(code[:2])
    for _, properties in numdb.get("cn/loc").info(code):
        if "county" in properties:
            return str(properties["county"]).rsplit("]", 1)[-1]
    return None


@cache
def industries() -> dict[str, tuple[str, str, str]]:
    """Division code: (section letter, section name, division name)."""
    sections = yaml.safe_load((_REFERENCE / "industries.yaml").read_text("utf-8"))
    return {
        code: (section["section"], section["name"], name)
        for section in sections
        for code, name in section["divisions"].items()
    }


def check_industry(code: str) -> str:
    """The code as given. Raises ValueError when its division does not exist."""
    if code[:2] not in industries():
        raise ValueError(
            f"GB/T 4754-2017 has no division {code[:2]}."
            " Take a code from /v1/dictionaries/industries."
        )
    return code
