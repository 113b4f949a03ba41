"""The providers of the sample region: the three that the founding report names (示例服务商).

Facts are the report's, and each entry says so; what they offer here, prices and contacts are made
up for the sample.
"""

from typing import Any

REPORT = "艾瑞咨询《“专精特新”企业发展研究报告》2022-09"
DIGITAL, PATENTS = "alibaba-cloud", "lifanghui"
CRITERIA = ("legal_person", "no_serious_dishonesty", "service_team", "track_record")

PROVIDERS: tuple[dict[str, Any], ...] = (
    {
        "provider": DIGITAL,
        "name": "阿里云",
        "kind": "platform_company",
        "introduction": "大型平台型企业；“百城万企”专精特新企业支持计划（2021年末），普惠包、"
        "加速包、小巨人包，120余款产品，累计服务企业超2万家。",
    },
    {
        "provider": "lubangtong",
        "name": "鲁邦通",
        "kind": "leading_specialist",
        "founded_in": 2010,
        "introduction": "龙头型“专精特新”企业；5G+AIoT，知识产权200余项，"
        "产品销往100余个国家和地区。",
    },
    {
        "provider": PATENTS,
        "name": "立方匯",
        "kind": "regional_institution",
        "founded_in": 2009,
        "introduction": "区域性科技服务机构，立足粤港澳大湾区；空间运营、政策解读、申报辅导。",
    },
)

OFFERINGS: dict[str, dict[str, Any]] = {
    DIGITAL: {
        "service": "technology",
        "product": "digital",
        "name": "数字化测评与上云改造（示例）",
        "description": "数字化水平测评、诊断，核心业务上云改造，完工后复测（示例服务）。",
        "closes": ["digital_level"],
        "price_cny": "100000.00",
        "price_unit": "项",
        "voucher_cny": "20000.00",
    },
    "lubangtong": {
        "service": "technology",
        "product": "digital",
        "name": "设备联网与数据采集（示例）",
        "description": "工业物联网网关部署、设备联网与数据采集（示例服务）。",
        "segments": ["industrial-iot-gateway", "elevator-maintenance"],
        "closes": ["digital_level", "core_business_it"],
    },
    PATENTS: {
        "service": "comprehensive",
        "product": "policy",
        "name": "高价值专利培育与申报辅导（示例）",
        "description": "专利导航、布局与申请，优质中小企业梯度申报辅导（示例服务）。",
        "regions": ["440000"],
        "closes": ["ip_level", "class1_ip"],
    },
}
