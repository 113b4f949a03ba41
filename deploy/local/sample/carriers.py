"""The carriers of the sample region (示例载体).

The regional platform is the one that the founding report describes. Of bases, demonstration
platforms and feature carriers the report draws kinds and names none, so those entries are made up
and say so in their names.
"""

from typing import Any

from deploy.local.sample.providers import REPORT

MADE_UP = "示例数据"

CARRIERS: dict[str, dict[str, Any]] = {
    "guangzhou-sme-platform": {
        "kind": "public_service_platform",
        "name": "广州中小企业综合服务平台",
        "level": "municipal",
        "region": "440100",
        "host": "市工信局",
        "fields": ["政策服务", "公共服务"],
        "source": REPORT,
    },
    "sample-base-tianhe": {
        "kind": "demonstration_base",
        "name": "小微企业创业创新示范基地1（示例）",
        "level": "provincial",
        "region": "440106",
        "source": MADE_UP,
    },
    "sample-platform-tianhe": {
        "kind": "public_service_platform",
        "name": "中小企业公共服务示范平台1（示例）",
        "level": "provincial",
        "region": "440106",
        "source": MADE_UP,
    },
    "sample-feature-carrier": {
        "kind": "feature_carrier",
        "name": "大中小企业融通型特色载体（示例）",
        "level": "national",
        "region": "440112",
        "source": MADE_UP,
    },
    "sample-technology-platform": {
        "kind": "public_technology_platform",
        "name": "智能装备公共技术服务平台（示例）",
        "level": "municipal",
        "region": "440112",
        "fields": ["智能装备"],
        "source": MADE_UP,
    },
}
"""Entries by id; every one is marked as a sample."""

SERVED_AT = {"alibaba-cloud": ["guangzhou-sme-platform"], "lifanghui": ["sample-base-tianhe"]}
"""Where the sample's offerings are given, by provider; made up too."""
