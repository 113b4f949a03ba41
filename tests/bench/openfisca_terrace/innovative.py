"""创新型中小企业, annex 1."""

# mypy: ignore-errors
# ruff: noqa: N801, N805

import numpy
from openfisca_core.periods import YEAR
from openfisca_core.variables import Variable

from tests.bench.openfisca_terrace.entity import ENTERPRISE


class innovative_ip(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "IP level"

    def formula(enterprise, period, parameters):
        return parameters(period).innovative.ip.calc(enterprise("ip_level", period))


class innovative_rd(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "R&D to revenue"

    def formula(enterprise, period, parameters):
        return parameters(period).innovative.rd.calc(enterprise("rd_to_revenue", period))


class innovative_growth_points(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Growth"

    def formula(enterprise, period, parameters):
        return parameters(period).innovative.growth.calc(enterprise("main_revenue_growth", period))


class innovative_debt(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Debt"

    def formula(enterprise, period, parameters):
        return parameters(period).innovative.debt.calc(enterprise("debt_ratio", period), right=True)


class innovative_field(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Field"

    def formula(enterprise, period, parameters):
        law = parameters(period).innovative.field
        return numpy.where(enterprise("strategic_emerging", period), law.strategic, law.other)


class innovative_share(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Share"

    def formula(enterprise, period, parameters):
        return parameters(period).innovative.share.calc(enterprise("main_revenue_share", period))


class innovative_innovation(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Category"

    def formula(enterprise, period):
        return enterprise("innovative_ip", period) + enterprise("innovative_rd", period)


class innovative_growth(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Category"

    def formula(enterprise, period):
        return enterprise("innovative_growth_points", period) + enterprise(
            "innovative_debt", period
        )


class innovative_specialization(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Category"

    def formula(enterprise, period):
        return enterprise("innovative_field", period) + enterprise("innovative_share", period)


class innovative_points(Variable):
    value_type = int
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Points"

    def formula(enterprise, period):
        return (
            enterprise("innovative_innovation", period)
            + enterprise("innovative_growth", period)
            + enterprise("innovative_specialization", period)
        )


class innovative_route(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Direct routes"

    def formula(enterprise, period, parameters):
        law = parameters(period).innovative.route
        return (
            (enterprise("st_award_level_3y", period) <= law.award)
            | enterprise("honour_route", period)
            | (enterprise("rd_institution_level", period) <= law.institution)
            | (enterprise("equity_3", period) >= law.equity)
        )


class innovative_sme(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Innovative SME"

    def formula(enterprise, period, parameters):
        law = parameters(period).innovative.minimum
        passed = (
            (enterprise("innovative_points", period) >= law.total)
            & (enterprise("innovative_innovation", period) >= law.innovation)
            & (enterprise("innovative_growth", period) >= law.growth)
            & (enterprise("innovative_specialization", period) >= law.specialization)
        )
        return enterprise("preconditions", period) & (
            passed | enterprise("innovative_route", period)
        )
