"""What funding hears of enterprises, the entitlements, and what each bank was told."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE enterprise (
            uscc text PRIMARY KEY,
            name text,
            region text,
            status text,
            facts jsonb,
            dossier_version bigint NOT NULL,
            titles jsonb NOT NULL,
            titles_version bigint NOT NULL,
            consents jsonb NOT NULL,
            consents_version bigint NOT NULL,
            judged_on date,
            awards_settled_for text
        )
    """)
    op.execute("CREATE INDEX enterprise_judged_on ON enterprise (judged_on, uscc)")
    op.execute("CREATE INDEX enterprise_region ON enterprise (region text_pattern_ops)")
    op.execute("""
        CREATE TABLE entitlement (
            entitlement_id uuid PRIMARY KEY,
            uscc text NOT NULL REFERENCES enterprise (uscc),
            scheme text NOT NULL,
            period text NOT NULL,
            status text NOT NULL CHECK (status IN ('appeared', 'ended')),
            automatic boolean NOT NULL,
            payer text NOT NULL,
            amount_kind text NOT NULL,
            amount_min_cny numeric(14, 2),
            amount_max_cny numeric(14, 2),
            payable_cny numeric(14, 2),
            title_kind text NOT NULL,
            title_authority text NOT NULL,
            document_no text NOT NULL,
            effective_on date NOT NULL,
            appeared_at timestamptz NOT NULL,
            ended_at timestamptz,
            end_reason text,
            CONSTRAINT entitlement_once UNIQUE (uscc, scheme, period),
            CHECK (amount_min_cny <= amount_max_cny),
            CHECK ((status = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL))
        )
    """)
    op.execute("""
        CREATE TABLE loan_snapshot (
            uscc text NOT NULL REFERENCES enterprise (uscc),
            bank text NOT NULL,
            version bigint NOT NULL,
            status text NOT NULL CHECK (status IN ('eligible', 'withdrawn', 'deleted')),
            content jsonb NOT NULL,
            published_at timestamptz NOT NULL,
            PRIMARY KEY (uscc, bank)
        )
    """)
    op.execute("""
        CREATE INDEX loan_snapshot_withdrawn ON loan_snapshot (published_at)
        WHERE status = 'withdrawn'
    """)


def downgrade() -> None:
    for table in ("loan_snapshot", "entitlement", "enterprise"):
        op.execute(f"DROP TABLE {table}")
