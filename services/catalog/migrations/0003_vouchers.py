"""Voucher budgets and vouchers. The database itself keeps the balance.

A trigger books every step of a voucher into its budget in the same statement, and a constraint
refuses what would go over it; so no path, and no number of them at once, can overspend.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE voucher_budget (
            budget_id uuid PRIMARY KEY,
            authority text NOT NULL,
            support text NOT NULL,
            kind text NOT NULL,
            period text NOT NULL,
            total_cny numeric(14, 2) NOT NULL CHECK (total_cny > 0),
            face_cny numeric(14, 2) NOT NULL CHECK (face_cny > 0),
            titles text[] NOT NULL,
            valid_days integer NOT NULL CHECK (valid_days > 0),
            ends_on date NOT NULL,
            issued_cny numeric(14, 2) NOT NULL DEFAULT 0 CHECK (issued_cny >= 0),
            redeemed_cny numeric(14, 2) NOT NULL DEFAULT 0 CHECK (redeemed_cny >= 0),
            settled_cny numeric(14, 2) NOT NULL DEFAULT 0 CHECK (settled_cny >= 0),
            opened_by text NOT NULL,
            opened_at timestamptz NOT NULL,
            UNIQUE (authority, support, kind, period),
            CONSTRAINT voucher_budget_not_overspent
                CHECK (issued_cny + redeemed_cny + settled_cny <= total_cny)
        )
    """)
    op.execute("""
        CREATE TABLE voucher (
            voucher_id uuid PRIMARY KEY,
            budget_id uuid NOT NULL REFERENCES voucher_budget (budget_id),
            uscc text NOT NULL REFERENCES enterprise (uscc),
            region text NOT NULL,
            support text NOT NULL,
            kind text NOT NULL,
            period text NOT NULL,
            state text NOT NULL CHECK (state IN ('issued', 'redeemed', 'settled', 'expired')),
            amount_cny numeric(14, 2) NOT NULL CHECK (amount_cny > 0),
            case_id uuid REFERENCES service_case (case_id),
            provider text REFERENCES provider (provider),
            issued_at timestamptz NOT NULL,
            redeemed_at timestamptz,
            settled_at timestamptz,
            expired_at timestamptz,
            settlement_reference text,
            expires_on date NOT NULL,
            CHECK ((state IN ('redeemed', 'settled')) = (case_id IS NOT NULL)),
            CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
            CHECK ((state = 'expired') = (expired_at IS NOT NULL))
        )
    """)
    # An expired voucher gives its place back.
    op.execute("""
        CREATE UNIQUE INDEX voucher_once ON voucher (uscc, support, kind, period)
        WHERE state <> 'expired'
    """)
    op.execute("""
        CREATE UNIQUE INDEX voucher_case ON voucher (case_id, support) WHERE case_id IS NOT NULL
    """)
    op.execute("CREATE INDEX voucher_expiry ON voucher (expires_on) WHERE state = 'issued'")
    op.execute("""
        CREATE FUNCTION book_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
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
    """)
    op.execute("""
        CREATE TRIGGER book_voucher AFTER INSERT OR UPDATE OR DELETE ON voucher
        FOR EACH ROW EXECUTE FUNCTION book_voucher()
    """)


def downgrade() -> None:
    op.execute("DROP TABLE voucher")
    op.execute("DROP FUNCTION book_voucher")
    op.execute("DROP TABLE voucher_budget")
