"""Realistic values for the generated examples, by `Class.field`. All of it is made-up data.

A field that is not named here is filled from its own declaration; `LEFT_OUT` leaves it out.
"""

from typing import Any

LEFT_OUT: Any = object()
"""The example does not carry this field."""

NAME = "广州示例精密科技有限公司"

REALISTIC: dict[str, Any] = {
    # the enterprise and its dossier (企业, 档案)
    "DossierChanged.name": NAME,
    "DossierChanged.version": 7,
    "EnterpriseFacts.segment": "servo-drive",
    "EnterpriseFacts.chain_position": "component",
    "EnterpriseFacts.registered_on": "2012-05-04",
    "EnterpriseFacts.segment_since": "2013-01-01",
    "EnterpriseFacts.accounts": [
        {
            "year": year,
            "revenue_cny": f"{revenue}.00",
            "main_revenue_cny": f"{revenue * 9 // 10}.00",
            "net_profit_cny": f"{revenue // 10}.00",
            "total_assets_cny": f"{revenue * 2}.00",
            "total_liabilities_cny": f"{revenue}.00",
            "rd_expense_cny": f"{revenue * 6 // 100}.00",
            "audited": True,
        }
        for year, revenue in ((2019, 30_000_000), (2020, 36_000_000), (2021, 45_000_000))
    ],
    "EnterpriseFacts.headcounts": [{"year": 2021, "employees": 120, "rd_staff": 30}],
    "EnterpriseFacts.core_processes_on_it": 2,
    "EnterpriseFacts.provincial_features": LEFT_OUT,
    "EnterpriseFacts.provincial_points": LEFT_OUT,
    "EnterpriseFacts.controlled_by_little_giant": False,
    "IpRight.granted_on": "2018-03-01",
    "IpRight.expires_on": "2036-03-01",
    "IpRight.transferred_on": LEFT_OUT,
    "IpRight.overseas_family_or_income": False,
    "IpRight.substantial_pledge_financing": False,
    "IpRight.national_award": False,
    "RdBody.level": "municipal",
    "RdBody.recognised_on": "2020-06-30",
    "RdBody.valid_to": "2023-06-29",
    "RdBody.ministerial": False,
    "Award.level": "provincial",
    "Award.awarded_on": "2021-11-20",
    "Award.rank": 2,
    "Award.list_top": LEFT_OUT,
    "Honour.valid_from": "2020-12-09",
    "Honour.valid_to": "2023-12-08",
    "EquityRound.closed_on": "2021-08-16",
    "EquityRound.paid_in_cny": "8000000.00",
    "Certificate.valid_from": "2021-03-15",
    "Certificate.valid_to": "2024-03-14",
    "Standard.published_on": "2021-10-11",
    "DigitalLevel.level": 2,
    "DigitalLevel.tested_on": "2022-08-01",
    "LeadingProduct.national_share_bp": 1200,
    "LeadingProduct.domestic_rank": 6,
    "DevelopmentScore.score_bp": 7200,
    "Compliance.on_abnormal_list": False,
    "Compliance.on_dishonest_list": False,
    "Compliance.prohibited_product": False,
    "Compliance.violations": [],
    "CreditRecord.checked_on": "2022-09-01",
    "CreditRecord.overdue_2y_count": 0,
    # consents (授权)
    "ConsentsChanged.version": 2,
    "Consent.consent_id": "0b6f7f0e-6f0d-4c39-9a64-0d4a3c4f2b11",
    "Consent.purpose": "贷款资格预审",
    "Consent.fields": ["name", "region", "revenue", "net_profit", "debt_ratio"],
    "Consent.expires_on": "2023-09-30",
    "Consent.withdrawn_at": LEFT_OUT,
    # outlook and titles (评价结果, 称号)
    "OutlookChanged.version": 3,
    "OutlookChanged.tiers": [
        {
            "tier": "innovative_sme",
            "rule_set": "miit-2022-63",
            "attainment": "reached",
            "points": 68,
            "unmet": [],
            "missing": [],
        }
    ],
    "TitlesChanged.version": 4,
    "Title.kind": "specialized_sme",
    "Title.tier": "specialized_sme",
    "Title.status": "effective",
    "Title.document_no": "粤工信融资函〔2022〕5号",
    "Title.document_on": "2022-01-27",
    "Title.batch": "2021",
    "Title.valid_from": "2022-01-27",
    "Title.valid_to": "2025-01-26",
    # entitlements (奖补权益)
    "EntitlementChanged.entitlement_id": "6f1d3c52-5a68-4f0e-8d5b-3f1a8e3c9a70",
    "EntitlementChanged.scheme": "guangzhou-specialized-sme-one-off",
    "EntitlementChanged.amount_min_cny": "200000.00",
    "EntitlementChanged.amount_max_cny": "200000.00",
    "EntitlementChanged.payable_cny": "200000.00",
    "EntitlementChanged.reason": "省级专精特新中小企业称号自2022-01-27起有效",
    # what a bank hears (贷款资格)
    "LoanEligibilityChanged.version": 5,
    "LoanEligibilityChanged.reason": LEFT_OUT,
    "LoanEligibilityChanged.consent_id": "0b6f7f0e-6f0d-4c39-9a64-0d4a3c4f2b11",
    "LoanEligibilityChanged.purpose": "贷款资格预审",
    "LoanEligibilityChanged.valid_until": "2023-09-30",
    "EligibleProduct.product": "icbc-little-giant-loan",
    "EligibleProduct.name": "小巨人贷",
    "EligibleProduct.limit_cny": "10000000.00",
    "EligibleProduct.rate": "LPR",
    "EligibleProduct.reasons": ["持有专精特新“小巨人”有效称号", "在贷款分行所在省内注册"],
    "SharedProfile.name": NAME,
    "SharedProfile.region": "440106",
    "SharedProfile.industry": LEFT_OUT,
    "SharedProfile.fiscal_year": 2021,
    "SharedProfile.revenue_cny": "45000000.00",
    "SharedProfile.net_profit_cny": "4500000.00",
    "SharedProfile.debt_ratio_bp": 5000,
    "SharedProfile.rd_expense_cny": LEFT_OUT,
    "SharedProfile.employees": LEFT_OUT,
    # providers, services, vouchers (服务商, 服务案件, 服务券)
    "ProviderChanged.status": "listed",
    "ProviderChanged.name": "示例服务机构",
    "ProviderChanged.reason": "遴选通过",
    "OfferingChanged.service": "technology",
    "OfferingChanged.name": "数字化水平诊断",
    "CaseMoved.case_id": "c2a5b8de-4a0f-4f0e-9d4b-6b8f6f1d2a33",
    "CaseMoved.after": "picked",
    "CaseMoved.due_on": "2022-10-15",
    "CaseAccepted.case_id": "c2a5b8de-4a0f-4f0e-9d4b-6b8f6f1d2a33",
    "CaseEvidence.digital_level": {"level": 3, "edition": 2022, "tested_on": "2022-09-29"},
    "CaseEvidence.green_level": LEFT_OUT,
    "CaseEvidence.ip_rights": [],
    "VoucherMoved.voucher_id": "e1f0c7a4-52d3-4b7c-8c0b-2d7a9a3f4e55",
    "VoucherMoved.budget_id": "7d9e3b60-1f5a-4c1d-a1b4-90c5de6f7a88",
    "VoucherMoved.state": "redeemed",
    "VoucherMoved.amount_cny": "20000.00",
    "VoucherMoved.case_id": "c2a5b8de-4a0f-4f0e-9d4b-6b8f6f1d2a33",
    "VoucherMoved.expires_on": "2022-12-20",
}

FURTHER: dict[str, dict[str, dict[str, Any]]] = {
    "funding.loan-eligibility-changed.v1": {
        "withdrawn": {
            "version": 6,
            "status": "withdrawn",
            "reason": "consent_withdrawn",
            "purpose": None,
            "valid_until": None,
            "products": [],
            "profile": None,
        }
    }
}
"""Further examples shown on the AsyncAPI page: fact, name of the example, fields that differ."""
