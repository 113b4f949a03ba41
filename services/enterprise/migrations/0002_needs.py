"""What enterprises say they need."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE need (
            need_id uuid PRIMARY KEY,
            number bigint GENERATED ALWAYS AS IDENTITY,
            uscc text NOT NULL REFERENCES enterprise (uscc),
            kind text NOT NULL,
            service text,
            financing jsonb,
            text text NOT NULL,
            segment text REFERENCES segment (segment_id),
            wanted_by_on date,
            status text NOT NULL CHECK (status IN ('open', 'met', 'withdrawn')),
            opened_at timestamptz NOT NULL,
            opened_by text NOT NULL,
            closed_at timestamptz,
            closed_by text,
            closing_note text,
            CHECK ((kind = 'service') = (service IS NOT NULL)),
            CHECK ((kind = 'financing') = (financing IS NOT NULL)),
            CHECK ((status = 'open') = (closed_at IS NULL))
        )
    """)
    op.execute("CREATE INDEX need_enterprise ON need (uscc, number)")
    op.execute("CREATE INDEX need_library ON need (status, kind, number)")


def downgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("DROP TABLE need")
