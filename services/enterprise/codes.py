"""Region (GB/T 2260) and industry (GB/T 4754) codes where they enter the platform.

Real registers hold retired region codes, so a region needs a known province only.
"""

from functools import cache
from pathlib import Path

import yaml
from pydantic_core import PydanticCustomError
from stdnum import numdb

_REFERENCE = Path(__file__).parent / "reference"


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
    """The code as given. Raises PydanticCustomError when its province does not exist."""
    if code[:2] not in provinces():
        raise PydanticCustomError(
            "region",
            "No province has the code {province}. Take a code from /v1/dictionaries/regions.",
            {"province": code[:2], "zh": f"没有代码为 {code[:2]} 的省级行政区。"},
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
    """The code as given. Raises PydanticCustomError when its division does not exist."""
    if code[:2] not in industries():
        raise PydanticCustomError(
            "industry",
            "GB/T 4754-2017 has no division {division}."
            " Take a code from /v1/dictionaries/industries.",
            {"division": code[:2], "zh": f"GB/T 4754-2017 没有代码为 {code[:2]} 的大类。"},
        )
    return code
