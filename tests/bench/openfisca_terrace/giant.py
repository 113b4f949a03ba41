"""专精特新“小巨人”企业, annex 3."""

# mypy: ignore-errors
# ruff: noqa: N801, N805

from openfisca_core.periods import YEAR
from openfisca_core.variables import Variable

from tests.bench.openfisca_terrace.entity import ENTERPRISE


class giant_rd(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "R&D by revenue"

    def formula(enterprise, period, parameters):
        law = parameters(period).giant.rd
        revenue = enterprise("revenue_0", period)
        ratio = enterprise("rd_to_revenue", period)
        before = enterprise("rd_to_revenue_previous_year", period)
        large = (
            (revenue >= law.large_revenue)
            & (ratio >= law.large_ratio)
            & (before >= law.large_ratio)
        )
        middle = (
            (revenue >= law.middle_revenue)
            & (revenue < law.large_revenue)
            & (ratio >= law.middle_ratio)
            & (before >= law.middle_ratio)
        )
        small = (
            (revenue < law.middle_revenue)
            & (enterprise("equity_2", period) >= law.small_equity)
            & (enterprise("rd_expense_total_2y", period) >= law.small_total)
            & (enterprise("rd_staff_ratio", period) >= law.small_staff)
        )
        return large | middle | small


class giant_innovation(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Innovation"

    def formula(enterprise, period, parameters):
        law = parameters(period).giant.innovation
        general = (
            enterprise("giant_rd", period)
            & (enterprise("rd_institution_level", period) <= law.institution)
            & (enterprise("class1_ip_in_use", period) >= law.rights)
        )
        return (
            general
            | (enterprise("st_award_national_rank_3y", period) <= law.rank)
            | (enterprise("maker_china_list_3y", period) <= law.maker_list)
        )


class little_giant(Variable):
    value_type = bool
    entity = ENTERPRISE
    definition_period = YEAR
    label = "Little giant"

    def formula(enterprise, period, parameters):
        law = parameters(period).giant.minimum
        most = parameters(period).giant.maximum
        return (
            enterprise("preconditions", period)
            & (enterprise("segment_years", period) >= law.years)
            & (enterprise("main_revenue_share", period) >= law.share)
            & (enterprise("main_revenue_growth_avg_2y", period) >= law.growth)
            & (enterprise("core_processes_on_it", period) >= law.processes)
            & (enterprise("debt_ratio", period) <= most.debt)
            & (enterprise("market_share_bp", period) >= law.market_share_bp)
            & enterprise("sound_governance", period)
            & enterprise("technology_leading", period)
            & enterprise("certified", period)
            & enterprise("own_brand", period)
            & enterprise("key_link", period)
            & enterprise("chain_gap_filler", period)
            & (
                enterprise("six_basics", period)
                | enterprise("ten_key_fields", period)
                | enterprise("cyber_power", period)
            )
            & enterprise("giant_innovation", period)
            & ~enterprise("single_champion", period)
            & ~enterprise("controlled_by_little_giant", period)
            & ~enterprise("same_group_similar_product", period)
        )
