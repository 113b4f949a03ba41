"""Simulations of the law over the stored population, and what they change."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE simulation_number")
    op.execute("""
        CREATE TABLE simulation (
            simulation_id uuid PRIMARY KEY,
            number bigint NOT NULL UNIQUE,
            authority text NOT NULL,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL,
            asked jsonb NOT NULL,
            rulebook text NOT NULL REFERENCES rulebook (digest),
            status text NOT NULL
                CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
            cancel_requested boolean NOT NULL DEFAULT false,
            total integer,
            done integer NOT NULL DEFAULT 0,
            after_uscc text NOT NULL DEFAULT '',
            tally jsonb NOT NULL DEFAULT '{}',
            attempts integer NOT NULL DEFAULT 0,
            problem text,
            finished_at timestamptz,
            lease uuid,
            leased_until timestamptz
        )
    """)
    op.execute("""
        CREATE INDEX simulation_open ON simulation (number) WHERE status IN ('queued', 'running')
    """)
    op.execute("CREATE INDEX simulation_of ON simulation (authority, number)")
    op.execute("""
        CREATE TABLE simulation_change (
            simulation_id uuid NOT NULL
                REFERENCES simulation (simulation_id) ON DELETE CASCADE,
            uscc text NOT NULL,
            tier text NOT NULL,
            change text NOT NULL,
            before text,
            after text,
            name text NOT NULL,
            region text NOT NULL,
            industry text NOT NULL,
            PRIMARY KEY (simulation_id, uscc, tier)
        )
    """)


def downgrade() -> None:
    for table in ("simulation_change", "simulation"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE simulation_number")
