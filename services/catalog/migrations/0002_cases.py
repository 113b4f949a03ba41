"""Batches, service cases and their steps."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE service_batch (
            batch_id uuid PRIMARY KEY,
            authority text NOT NULL,
            kind text NOT NULL,
            title text NOT NULL,
            opened_by text NOT NULL,
            opened_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE service_case (
            case_id uuid PRIMARY KEY,
            batch_id uuid NOT NULL REFERENCES service_batch (batch_id),
            uscc text NOT NULL REFERENCES enterprise (uscc),
            region text NOT NULL,
            authority text NOT NULL,
            kind text NOT NULL,
            state text NOT NULL,
            provider text REFERENCES provider (provider),
            offering_id uuid,
            offering_version bigint,
            diagnosis jsonb,
            evidence jsonb,
            contract_cny numeric(14, 2),
            settlement_cny numeric(14, 2),
            assigned_at timestamptz NOT NULL,
            picked_at timestamptz,
            accepted_at timestamptz,
            changed_at timestamptz NOT NULL,
            due_at timestamptz,
            overdue_at timestamptz,
            reached_before text[],
            gained text[] NOT NULL,
            UNIQUE (batch_id, uscc),
            CHECK (settlement_cny <= contract_cny),
            CHECK (state IN ('assigned', 'aborted') OR provider IS NOT NULL)
        )
    """)
    op.execute("CREATE INDEX service_case_enterprise ON service_case (uscc, case_id)")
    op.execute("CREATE INDEX service_case_provider ON service_case (provider, case_id)")
    op.execute("""
        CREATE INDEX service_case_due ON service_case (due_at, case_id)
        WHERE overdue_at IS NULL AND due_at IS NOT NULL
    """)
    op.execute("""
        CREATE TABLE case_step (
            case_id uuid NOT NULL REFERENCES service_case (case_id),
            number integer NOT NULL,
            move text NOT NULL,
            before text,
            after text NOT NULL,
            side text NOT NULL,
            moved_by text NOT NULL,
            moved_at timestamptz NOT NULL,
            note text,
            PRIMARY KEY (case_id, number)
        )
    """)


def downgrade() -> None:
    for table in ("case_step", "service_case", "service_batch"):
        op.execute(f"DROP TABLE {table}")
