"""Needs as heard; sources of carriers; one index for offerings; a voucher pays what a case cost.

All that an offering is found by, its words and its marks, stands in one index; the columns that
only repeated the marks are dropped, `content` keeps what was written. The amount of a voucher may
fall as it is redeemed, and the rest is back in its budget.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BOOK_WHAT_IS_PAID = """
        CREATE OR REPLACE FUNCTION book_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'a voucher is never deleted';
            END IF;
            IF TG_OP = 'INSERT' AND NEW.state <> 'issued' THEN
                RAISE EXCEPTION 'a voucher begins as issued';
            END IF;
            IF TG_OP = 'UPDATE' THEN
                IF NEW.budget_id <> OLD.budget_id OR NEW.uscc <> OLD.uscc THEN
                    RAISE EXCEPTION 'the budget and owner of a voucher are never changed';
                END IF;
                IF NEW.amount_cny > OLD.amount_cny OR (NEW.amount_cny < OLD.amount_cny
                   AND (OLD.state, NEW.state) <> ('issued', 'redeemed')) THEN
                    RAISE EXCEPTION 'the amount of a voucher only falls, as it is redeemed';
                END IF;
                IF NEW.state = OLD.state THEN
                    RETURN NULL;
                END IF;
                IF (OLD.state, NEW.state) NOT IN (
                    ('issued', 'redeemed'), ('issued', 'expired'), ('redeemed', 'settled')
                ) THEN
                    RAISE EXCEPTION 'a voucher does not go from % to %', OLD.state, NEW.state;
                END IF;
            END IF;
            IF TG_OP = 'UPDATE' THEN
                UPDATE voucher_budget SET
                    issued_cny = issued_cny - OLD.amount_cny * (OLD.state = 'issued')::int,
                    redeemed_cny = redeemed_cny - OLD.amount_cny * (OLD.state = 'redeemed')::int
                WHERE budget_id = OLD.budget_id;
            END IF;
            UPDATE voucher_budget SET
                issued_cny = issued_cny + NEW.amount_cny * (NEW.state = 'issued')::int,
                redeemed_cny = redeemed_cny + NEW.amount_cny * (NEW.state = 'redeemed')::int,
                settled_cny = settled_cny + NEW.amount_cny * (NEW.state = 'settled')::int
            WHERE budget_id = NEW.budget_id;
            RETURN NULL;
        END $$
"""
BOOK_THE_FACE = """
        CREATE OR REPLACE FUNCTION book_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'a voucher is never deleted';
            END IF;
            IF TG_OP = 'INSERT' AND NEW.state <> 'issued' THEN
                RAISE EXCEPTION 'a voucher begins as issued';
            END IF;
            IF TG_OP = 'UPDATE' THEN
                IF NEW.budget_id <> OLD.budget_id OR NEW.amount_cny <> OLD.amount_cny
                   OR NEW.uscc <> OLD.uscc THEN
                    RAISE EXCEPTION 'the amount, budget and owner of a voucher are never changed';
                END IF;
                IF NEW.state = OLD.state THEN
                    RETURN NULL;
                END IF;
                IF (OLD.state, NEW.state) NOT IN (
                    ('issued', 'redeemed'), ('issued', 'expired'), ('redeemed', 'settled')
                ) THEN
                    RAISE EXCEPTION 'a voucher does not go from % to %', OLD.state, NEW.state;
                END IF;
            END IF;
            UPDATE voucher_budget SET
                issued_cny = issued_cny + NEW.amount_cny * (
                    (NEW.state = 'issued')::int - (TG_OP = 'UPDATE' AND OLD.state = 'issued')::int),
                redeemed_cny = redeemed_cny + NEW.amount_cny * (
                    (NEW.state = 'redeemed')::int
                    - (TG_OP = 'UPDATE' AND OLD.state = 'redeemed')::int),
                settled_cny = settled_cny + NEW.amount_cny * (NEW.state = 'settled')::int
            WHERE budget_id = NEW.budget_id;
            RETURN NULL;
        END $$
"""


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute(BOOK_WHAT_IS_PAID)
    op.execute("ALTER TABLE enterprise ADD COLUMN needs_version bigint NOT NULL DEFAULT 0")
    op.execute("""
        CREATE TABLE need (
            uscc text NOT NULL REFERENCES enterprise (uscc),
            need_id text NOT NULL,
            kind text NOT NULL,
            service text,
            mark text NOT NULL,
            text text NOT NULL,
            segment text,
            wanted_by_on date,
            opened_at timestamptz NOT NULL,
            PRIMARY KEY (uscc, need_id)
        )
    """)
    op.execute("CREATE INDEX need_newest ON need (opened_at, need_id)")
    for column in ("terms", "name_terms"):
        op.execute(f"""
            UPDATE offering SET {column} = {column} || ARRAY['service:' || service]
              || CASE WHEN product IS NULL THEN '{{}}' ELSE ARRAY['product:' || product] END
              || CASE WHEN segments = '{{}}' AND industries = '{{}}'
                      THEN ARRAY['field\\:any'] ELSE '{{}}' END
              || CASE WHEN regions = '{{}}' THEN ARRAY['region\\:any']
                      ELSE ARRAY(SELECT 'region:' || r FROM unnest(regions) AS r) END
              || CASE WHEN tiers = '{{}}' THEN ARRAY['tier\\:any']
                      ELSE ARRAY(SELECT 'tier:' || t FROM unnest(tiers) AS t) END
              || ARRAY(SELECT 'closes:' || c FROM unnest(closes) AS c)
        """)
    # The columns only repeat what the terms say, and the index is small: nobody waits for long.
    op.execute("""
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX offering_closes
    """)
    op.execute("ALTER TABLE carrier ADD COLUMN source text")
    op.execute("ALTER TABLE carrier ADD COLUMN sample boolean NOT NULL DEFAULT false")
    for column in ("industries", "segments", "tiers", "closes"):
        op.execute(f"""
            -- squawk-ignore ban-drop-column
            ALTER TABLE offering DROP COLUMN {column}
        """)


def downgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute(BOOK_THE_FACE)
    for column in ("industries", "segments", "tiers", "closes"):
        op.execute(f"ALTER TABLE offering ADD COLUMN {column} text[]")
        op.execute(f"""
            UPDATE offering SET {column} =
                ARRAY(SELECT jsonb_array_elements_text(content -> '{column}'))
        """)
        op.execute(f"ALTER TABLE offering ALTER COLUMN {column} SET NOT NULL")
    op.execute(
        "CREATE INDEX offering_closes ON offering USING gin (closes) WHERE status = 'published'"
    )
    for column in ("terms", "name_terms"):
        op.execute(f"""
            UPDATE offering SET {column} = ARRAY(
                SELECT t FROM unnest({column}) AS t
                WHERE t !~ '^(service|product|region|tier|closes):' AND t <> 'field\\:any')
        """)
    op.execute("ALTER TABLE carrier DROP COLUMN sample")
    op.execute("ALTER TABLE carrier DROP COLUMN source")
    op.execute("DROP TABLE need")
    op.execute("ALTER TABLE enterprise DROP COLUMN needs_version")
