"""The unified social credit code (统一社会信用代码, GB 32100-2015) where it enters the platform.

Normalises case, width and spaces; says which of the usual slips a wrong code is; never guesses
a letter.
"""

import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc as codes

from contracts.values import Uscc

LENGTH = 18
_MISTYPED = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}


def normal_uscc(written: str) -> str:
    """Upper case, half width, no spaces. Never guesses a letter."""
    return "".join(unicodedata.normalize("NFKC", written).upper().split())


def slip_in(code: str) -> tuple[str, str] | None:
    """What is wrong with a normalised code (en, zh); None when its check character is right."""
    if code.isdigit() and len(code) in (13, 15):
        return (
            f"{len(code)} digits are an old registration number (注册号); use the 18-character code"
            " on the business licence issued since 2015",
            f"{len(code)} 位数字为旧注册号,请使用 18 位统一社会信用代码",
        )
    if len(code) != LENGTH:
        return (
            f"the code has {len(code)} characters, not {LENGTH}",
            f"代码为 {len(code)} 位,应为 {LENGTH} 位",
        )
    for position, character in enumerate(code, 1):
        if character in _MISTYPED:
            return (
                f"character {position} is {character}, which no code contains; often typed for"
                f" {_MISTYPED[character]}",
                f"第 {position} 位为 {character},代码不使用该字母,常为 {_MISTYPED[character]} 之误",
            )
        if not (character.isascii() and character.isalnum()):
            return (
                f"character {position} is neither digit nor letter",
                f"第 {position} 位不是数字或字母",
            )
    expected = codes.calc_check_digit(code[:-1])
    if expected != code[-1]:
        return (
            f"the check character is {code[-1]} and the other 17 give {expected}: one is mistyped"
            " or two stand in the wrong order; compare with the licence",
            f"校验码为 {code[-1]},按前 17 位应为 {expected},请与营业执照核对",
        )
    return None


def check_uscc(written: Any) -> Any:
    """The code in its normal form. Raises PydanticCustomError naming the slip."""
    if not isinstance(written, str):
        return written
    code = normal_uscc(written)
    if (slip := slip_in(code)) is not None:
        raise PydanticCustomError("uscc", "{en}", {"en": slip[0], "zh": slip[1]})
    return code


CheckedUscc = Annotated[Uscc, BeforeValidator(check_uscc)]
"""A USCC whose check character is right; case, width and spaces are normalised."""
