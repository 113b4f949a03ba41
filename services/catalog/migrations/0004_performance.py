"""Ratings, performance reviews, and the provider's own enterprise code."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("ALTER TABLE provider ADD COLUMN uscc text")
    op.execute("""
        CREATE TABLE case_rating (
            case_id uuid PRIMARY KEY REFERENCES service_case (case_id),
            provider text NOT NULL REFERENCES provider (provider),
            stars integer NOT NULL CHECK (stars BETWEEN 1 AND 5),
            comment text NOT NULL,
            rated_by text NOT NULL,
            rated_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX case_rating_provider ON case_rating (provider)")
    op.execute("""
        CREATE TABLE performance_review (
            authority text NOT NULL,
            period text NOT NULL,
            begins_on date NOT NULL,
            ends_on date NOT NULL,
            reviewed_by text NOT NULL,
            reviewed_at timestamptz NOT NULL,
            PRIMARY KEY (authority, period)
        )
    """)
    op.execute("""
        CREATE TABLE provider_performance (
            authority text NOT NULL,
            period text NOT NULL,
            provider text NOT NULL REFERENCES provider (provider),
            figures jsonb NOT NULL,
            points integer,
            rank integer,
            warned boolean NOT NULL,
            suspended boolean NOT NULL,
            PRIMARY KEY (authority, period, provider),
            FOREIGN KEY (authority, period) REFERENCES performance_review (authority, period)
        )
    """)


def downgrade() -> None:
    for table in ("provider_performance", "performance_review", "case_rating"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE provider DROP COLUMN uscc")
