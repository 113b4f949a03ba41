"""What banks pull, the applications made to them, and what they decided."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _follow_snapshots()
    _keep_daily_files()
    _keep_applications()


def _follow_snapshots() -> None:
    """Every snapshot names the transaction that wrote it last: no cursor overtakes a slow one."""
    op.execute("""
        ALTER TABLE loan_snapshot ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id()
    """)
    op.execute("""
        CREATE FUNCTION loan_snapshot_written() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.written_in := pg_current_xact_id();
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER loan_snapshot_written BEFORE INSERT OR UPDATE ON loan_snapshot
        FOR EACH ROW EXECUTE FUNCTION loan_snapshot_written()
    """)
    # A row per bank and consenting enterprise: small enough to be read while nobody writes.
    op.execute("""
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX loan_snapshot_feed ON loan_snapshot (bank, written_in, uscc)
    """)


def _keep_daily_files() -> None:
    op.execute("""
        CREATE TABLE daily_file (
            bank text PRIMARY KEY,
            day date NOT NULL,
            edition integer NOT NULL CHECK (edition >= 1),
            made_at timestamptz NOT NULL,
            horizon bigint NOT NULL,
            key_id text NOT NULL,
            manifest text NOT NULL,
            content bytea NOT NULL
        )
    """)
    op.execute("CREATE TABLE bank_day (bank text PRIMARY KEY, closed_on date NOT NULL)")


def _keep_applications() -> None:
    op.execute("""
        CREATE TABLE loan_application (
            application_id uuid PRIMARY KEY,
            uscc text NOT NULL REFERENCES enterprise (uscc),
            bank text NOT NULL,
            product text,
            tier text,
            amount_cny numeric(14, 2) NOT NULL CHECK (amount_cny > 0),
            tenor_months integer NOT NULL CHECK (tenor_months BETWEEN 1 AND 480),
            purpose text NOT NULL,
            note text,
            name text,
            consent_id text NOT NULL,
            consent_until date NOT NULL,
            state text NOT NULL CHECK (state IN
                ('filed', 'received', 'approved', 'refused', 'drawn_down', 'closed', 'withdrawn')),
            filed_at timestamptz NOT NULL,
            filed_by text NOT NULL,
            changed_at timestamptz NOT NULL,
            disclosed text NOT NULL CHECK (disclosed IN ('open', 'withdrawn', 'deleted')),
            withdrawn_at timestamptz,
            withdrawal text,
            decision_version bigint NOT NULL DEFAULT 0,
            decision_id text,
            decided_on date,
            approved_cny numeric(14, 2) CHECK (approved_cny > 0),
            rate_percent numeric(7, 4) CHECK (rate_percent BETWEEN 0 AND 100),
            approved_months integer,
            refusal_reasons jsonb NOT NULL DEFAULT '[]',
            draw_downs jsonb NOT NULL DEFAULT '[]',
            drawn_cny numeric(14, 2) NOT NULL DEFAULT 0 CHECK (drawn_cny >= 0),
            repaid_cny numeric(14, 2) NOT NULL DEFAULT 0 CHECK (repaid_cny >= 0),
            CHECK (drawn_cny <= coalesce(approved_cny, 0)),
            CHECK (repaid_cny <= drawn_cny),
            CHECK ((disclosed = 'open') = (withdrawn_at IS NULL)),
            CHECK ((decision_version = 0) = (decision_id IS NULL))
        )
    """)
    op.execute("CREATE INDEX loan_application_uscc ON loan_application (uscc, application_id)")
    op.execute("CREATE INDEX loan_application_bank ON loan_application (bank, application_id)")
    op.execute("""
        CREATE INDEX loan_application_open ON loan_application (consent_until)
        WHERE disclosed = 'open'
    """)
    op.execute("""
        CREATE INDEX loan_application_withdrawn ON loan_application (withdrawn_at)
        WHERE disclosed = 'withdrawn'
    """)
    op.execute("""
        CREATE TABLE loan_decision (
            application_id uuid NOT NULL REFERENCES loan_application,
            version bigint NOT NULL CHECK (version >= 1),
            content jsonb NOT NULL,
            taken_at timestamptz NOT NULL,
            PRIMARY KEY (application_id, version)
        )
    """)


def downgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    for table in ("loan_decision", "loan_application", "bank_day", "daily_file"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP TRIGGER loan_snapshot_written ON loan_snapshot")
    op.execute("DROP FUNCTION loan_snapshot_written")
    op.execute("ALTER TABLE loan_snapshot DROP COLUMN written_in")
