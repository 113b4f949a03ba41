"""Names, addresses and districts of made-up enterprises. Every name says 示例 (sample)."""

import random
from collections.abc import Iterator
from itertools import product

# The districts of Guangzhou (GB/T 2260) with weights like those of its industrial enterprises.
DISTRICTS = {
    "440112": ("黄埔区", 26),
    "440113": ("番禺区", 16),
    "440106": ("天河区", 14),
    "440111": ("白云区", 10),
    "440114": ("花都区", 8),
    "440115": ("南沙区", 8),
    "440118": ("增城区", 6),
    "440105": ("海珠区", 5),
    "440103": ("荔湾区", 3),
    "440104": ("越秀区", 2),
    "440117": ("从化区", 2),
}

_FIRST = "云启恒瑞锐明德华科智远宏佳新安泰诚博盛隆信汇凌通星海光卓优立永正金天"
_SECOND = "帆航达源创拓峰晟翔腾能维联泽擎谱朗辰骏砺材迅域鼎曜川景润桥程屹石岭舟"
_ROADS = ("示例科技大道", "示例创新路", "示例工业园一路", "示例工业园二路", "示例产业街")


def company_names(rng: random.Random) -> Iterator[str]:
    """Fancy names (字号) of two characters, none twice."""
    pairs = [first + second for first, second in product(_FIRST, _SECOND)]
    rng.shuffle(pairs)
    yield from pairs


def full_name(fancy: str, trade: str) -> str:
    """A registered name: place, fancy name, trade, form; marked as a sample."""
    return f"广州市{fancy}{trade}有限公司（示例）"


def draw_district(rng: random.Random) -> str:
    """A district by weight."""
    weights = [weight for _, weight in DISTRICTS.values()]
    return rng.choices(list(DISTRICTS), weights)[0]


def address(region: str, rng: random.Random) -> str:
    """An address on a road that does not exist."""
    district, _ = DISTRICTS[region]
    return f"广东省广州市{district}{rng.choice(_ROADS)}{rng.randint(1, 299)}号"
