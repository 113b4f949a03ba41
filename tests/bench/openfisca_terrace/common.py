"""Ratios and preconditions that the tiers share."""

# mypy: ignore-errors
# ruff: noqa: N801, N805

from openfisca_core.periods import YEAR
from openfisca_core.variables import Variable

from tests.bench.openfisca_terrace.entity import ENTERPRISE


class main_revenue_share(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Main-business share of revenue"

    def formula(enterprise, period):
        return enterprise("main_revenue_0", period) / enterprise("revenue_0", period)


class debt_ratio(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Debt ratio"

    def formula(enterprise, period):
        return enterprise("total_liabilities_0", period) / enterprise("total_assets_0", period)


class rd_to_revenue(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "R&D to revenue"

    def formula(enterprise, period):
        return enterprise("rd_expense_0", period) / enterprise("revenue_0", period)


class rd_to_revenue_previous_year(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "R&D to revenue, the year before"

    def formula(enterprise, period):
        return enterprise("rd_expense_1", period) / enterprise("revenue_1", period)


class net_margin(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Net margin"

    def formula(enterprise, period):
        return enterprise("net_profit_0", period) / enterprise("revenue_0", period)


class rd_staff_ratio(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "R&D staff ratio"

    def formula(enterprise, period):
        return enterprise("rd_staff_0", period) / enterprise("employees_0", period)


class main_revenue_growth(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Growth"

    def formula(enterprise, period):
        before = enterprise("main_revenue_1", period)
        return (enterprise("main_revenue_0", period) - before) / before


class main_revenue_growth_before(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Growth, the year before"

    def formula(enterprise, period):
        before = enterprise("main_revenue_2", period)
        return (enterprise("main_revenue_1", period) - before) / before


class main_revenue_growth_avg_2y(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Mean growth"

    def formula(enterprise, period):
        return (
            enterprise("main_revenue_growth", period)
            + enterprise("main_revenue_growth_before", period)
        ) / 2


class rd_expense_total_2y(Variable):
    value_type = float
    entity = ENTERPRISE
    definition_period = YEAR
    label = "R&D of two years"

    def formula(enterprise, period):
        return enterprise("rd_expense_0", period) + enterprise("rd_expense_1", period)


class preconditions(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Preconditions of every tier"

    def formula(enterprise, period):
        return (
            enterprise("independent_legal_person", period)
            & enterprise("is_sme", period)
            & ~enterprise("on_abnormal_list", period)
            & ~enterprise("on_dishonest_list", period)
            & ~enterprise("prohibited_product", period)
            & ~enterprise("violation", period)
        )
