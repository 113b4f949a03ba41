"""专精特新中小企业, annex 2."""

# mypy: ignore-errors
# ruff: noqa: N801, N805

import numpy
from openfisca_core.periods import YEAR
from openfisca_core.variables import Variable

from tests.bench.openfisca_terrace.entity import ENTERPRISE


class specialized_share(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "1"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.share.calc(enterprise("main_revenue_share", period))


class specialized_growth(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "2"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.growth.calc(
            enterprise("main_revenue_growth_avg_2y", period)
        )


class specialized_years(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "3"

    def formula(enterprise, period, parameters):
        law = parameters(period).specialized.years
        return numpy.minimum(enterprise("segment_years", period) // law.step, law.cap)


class specialized_field(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "4"

    def formula(enterprise, period, parameters):
        law = parameters(period).specialized.field
        other = (
            enterprise("six_basics", period)
            | enterprise("time_honoured_brand", period)
            | enterprise("serves_key_chain_leader", period)
        )
        return numpy.select([enterprise("chain_gap_filler", period), other], [law.gap, law.other])


class specialized_digital(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "5"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.digital.calc(enterprise("digital_level", period))


class specialized_quality(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "6"

    def formula(enterprise, period, parameters):
        law = parameters(period).specialized.quality
        award = enterprise("quality_award_level", period) <= 1
        standards = enterprise("standards_joined", period) >= 1
        count = (
            award * 1
            + enterprise("quality_system", period)
            + enterprise("own_brand", period)
            + standards
        )
        return numpy.minimum(law.each * count, law.cap)


class specialized_margin(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "7"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.margin.calc(enterprise("net_margin", period))


class specialized_debt(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "8"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.debt.calc(
            enterprise("debt_ratio", period), right=True
        )


class specialized_ip(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "10"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.ip.calc(enterprise("ip_level", period))


class specialized_rd_amount(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "11, amount"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.rd_amount.calc(enterprise("rd_expense_0", period))


class specialized_rd_ratio(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "11, ratio"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.rd_ratio.calc(enterprise("rd_to_revenue", period))


class specialized_rd(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "11"

    def formula(enterprise, period):
        return numpy.maximum(
            enterprise("specialized_rd_amount", period), enterprise("specialized_rd_ratio", period)
        )


class specialized_staff(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "12"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.staff.calc(enterprise("rd_staff_ratio", period))


class specialized_body(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "13"

    def formula(enterprise, period, parameters):
        return parameters(period).specialized.body.calc(enterprise("rd_institution_level", period))


class specialized_points(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Points"

    def formula(enterprise, period):
        return (
            enterprise("provincial_points", period)
            + enterprise("specialized_share", period)
            + enterprise("specialized_growth", period)
            + enterprise("specialized_years", period)
            + enterprise("specialized_field", period)
            + enterprise("specialized_digital", period)
            + enterprise("specialized_quality", period)
            + enterprise("specialized_margin", period)
            + enterprise("specialized_debt", period)
            + enterprise("specialized_ip", period)
            + enterprise("specialized_rd", period)
            + enterprise("specialized_staff", period)
            + enterprise("specialized_body", period)
        )


class specialized_route(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Direct routes"

    def formula(enterprise, period, parameters):
        law = parameters(period).specialized.route
        return (
            (enterprise("st_award_provincial_rank_3y", period) <= law.provincial_rank)
            | (enterprise("st_award_national_rank_3y", period) <= law.national_rank)
            | (enterprise("rd_expense_total_2y", period) >= law.rd_total)
            | (enterprise("equity_2", period) >= law.equity)
            | (enterprise("maker_china_list_3y", period) <= law.maker_list)
        )


class specialized_sme(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Specialized SME"

    def formula(enterprise, period, parameters):
        law = parameters(period).specialized.minimum
        conditions = (
            (enterprise("segment_years", period) >= law.years)
            & (enterprise("rd_expense_0", period) >= law.rd)
            & (enterprise("rd_to_revenue", period) >= law.rd_ratio)
            & (
                (enterprise("revenue_0", period) >= law.revenue)
                | (enterprise("equity_2", period) >= law.equity)
            )
        )
        passed = (enterprise("specialized_points", period) >= law.total) | enterprise(
            "specialized_route", period
        )
        return enterprise("preconditions", period) & conditions & passed
