"""Industries of the sample region (GB/T 4754-2017), their shares, and what size means in each.

Shares are those of the founding report's 小巨人 (iResearch 2022-09, per batch and in total). Size
bounds are hand-picked ranges well inside the classes of 工信部联企业〔2011〕300号.
"""

import random
from dataclasses import dataclass

# 制造业 科研和技术服务 批发零售 信息传输/软件 其他, percent per batch.
_BATCH_SHARES = {
    1: {"C": 69.8, "M": 19.0, "F": 8.1, "I": 2.4, "other": 0.8},
    2: {"C": 63.6, "M": 20.5, "F": 10.1, "I": 2.9, "other": 2.9},
    3: {"C": 63.1, "M": 21.5, "F": 8.9, "I": 4.0, "other": 2.5},
    4: {"C": 59.0, "M": 25.0, "F": 8.6, "I": 4.5, "other": 2.9},
}
# 租赁商务 建筑 水利环境公共设施 电热燃水 其他.
_OTHER_SHARES = {"L": 0.7, "E": 0.5, "N": 0.5, "D": 0.3, "O": 0.7}
_TOTAL_SHARES = {"C": 61.4, "M": 22.9, "F": 9.0, "I": 4.0, **_OTHER_SHARES}


@dataclass(frozen=True)
class Trade:
    """One industry class with the words of its firms' names and its place in a chain."""

    code: str
    word: str
    product: str
    segment: str | None
    position: str | None


TRADES = {
    "C": (
        Trade("3491", "机器人", "工业机器人伺服关节", "servo-drive", "component"),
        Trade("4011", "自动化设备", "工业控制网关", "industrial-iot-gateway", "equipment"),
        Trade("3569", "智能装备", "外观缺陷视觉检测机", "machine-vision", "equipment"),
        Trade("3424", "激光设备", "激光切割装备", "laser-equipment", "equipment"),
        Trade("3841", "新能源材料", "动力电池隔膜涂层", "battery-material", "component"),
        Trade("3670", "汽车电子", "车身域控制器", "automotive-electronics", "component"),
        Trade("3581", "医疗器械", "便携式监护设备", "medical-device", "equipment"),
        Trade("2770", "生物试剂", "免疫诊断试剂", "in-vitro-diagnostics", "material"),
        Trade("2661", "精细化工", "电子级助剂", "fine-chemicals", "material"),
        Trade("3591", "环保装备", "膜法水处理装备", "environmental-equipment", "equipment"),
        Trade("4330", "电梯服务", "电梯按需维保", "elevator-maintenance", "service"),
        Trade("3489", "精密机械", "精密传动部件", None, None),
    ),
    "M": (
        Trade("7452", "检测技术", "电磁兼容检测", "testing-certification", "service"),
        Trade("7320", "技术研究", "工艺仿真与试制", "testing-certification", "service"),
        Trade("7512", "生物技术", "体外诊断方法开发", "in-vitro-diagnostics", "material"),
    ),
    "F": (
        Trade("5179", "机电贸易", "工业备件供应", "supply-chain-service", "service"),
        Trade("5169", "化工贸易", "特种化学品供应", "supply-chain-service", "service"),
    ),
    "I": (
        Trade("6513", "软件", "生产执行系统", "industrial-software", "software"),
        Trade("6531", "信息技术", "工业数据集成", "industrial-software", "service"),
    ),
    "L": (Trade("7224", "供应链管理", "制造业供应链管理", "supply-chain-service", "service"),),
    "E": (Trade("4910", "机电工程", "洁净厂房机电安装", None, None),),
    "N": (Trade("7721", "环境科技", "工业废水治理", "environmental-equipment", "service"),),
    "D": (Trade("4416", "新能源", "分布式光伏发电", None, None),),
    "O": (Trade("8111", "汽车技术", "新能源汽车维修", None, None),),
}


@dataclass(frozen=True)
class Scale:
    """Employees and revenue (million yuan) of one size class, both ends included."""

    employees: tuple[int, int]
    revenue_m: tuple[int, int]


_PEOPLE = {
    "micro": Scale((3, 8), (2, 8)),
    "small": Scale((15, 90), (12, 60)),
    "medium": Scale((110, 280), (90, 300)),
    "large": Scale((350, 900), (400, 900)),
}
_INDUSTRY = {
    "micro": Scale((5, 17), (1, 8)),
    "small": Scale((30, 250), (12, 60)),
    "medium": Scale((330, 900), (60, 380)),
    "large": Scale((1200, 3000), (450, 900)),
}
_WHOLESALE = {
    "micro": Scale((2, 4), (2, 8)),
    "small": Scale((7, 18), (12, 45)),
    "medium": Scale((30, 180), (70, 350)),
    "large": Scale((250, 600), (450, 900)),
}
# Construction is measured by revenue and assets: small stays under 60 million of revenue.
_CONSTRUCTION = {
    "micro": Scale((3, 15), (1, 2)),
    "small": Scale((20, 80), (12, 40)),
    "medium": Scale((90, 300), (90, 300)),
    "large": Scale((400, 900), (850, 990)),
}
SCALES = {
    "C": _INDUSTRY,
    "D": _INDUSTRY,
    "F": _WHOLESALE,
    "E": _CONSTRUCTION,
    **dict.fromkeys(("M", "I", "L", "N", "O"), _PEOPLE),
}


def batch_sectors(batch: int, count: int, rng: random.Random) -> list[str]:
    """Sectors of one batch of 小巨人 in the report's shares, in random order."""
    sectors = _apportion(_BATCH_SHARES[batch], count)
    rng.shuffle(sectors)
    others = list(_OTHER_SHARES)
    return [
        rng.choices(others, list(_OTHER_SHARES.values()))[0] if sector == "other" else sector
        for sector in sectors
    ]


def total_sectors(count: int, rng: random.Random) -> list[str]:
    """Sectors in the shares of all four batches together, in random order."""
    sectors = _apportion(_TOTAL_SHARES, count)
    rng.shuffle(sectors)
    return sectors


def _apportion(shares: dict[str, float], count: int) -> list[str]:
    """Whole numbers in the given shares that add up to `count` (largest remainders)."""
    total = sum(shares.values())
    exact = {name: count * share / total for name, share in shares.items()}
    seats = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (seats[name] - exact[name], name))
    for name in by_remainder[: count - sum(seats.values())]:
        seats[name] += 1
    return [name for name, number in seats.items() for _ in range(number)]
