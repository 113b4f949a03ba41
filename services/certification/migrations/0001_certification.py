"""What certification hears of enterprises, titles, official lists."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    add_enterprises()
    add_lists()
    add_titles()


def add_enterprises() -> None:
    op.execute("""
        CREATE TABLE enterprise (
            uscc text PRIMARY KEY,
            name text NOT NULL,
            region text NOT NULL,
            status text NOT NULL,
            facts jsonb NOT NULL,
            dossier_version bigint NOT NULL,
            judged_on date NOT NULL,
            outlook jsonb,
            titles jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX enterprise_judged_on ON enterprise (judged_on, uscc)")
    op.execute("CREATE INDEX enterprise_region ON enterprise (region text_pattern_ops)")


def add_lists() -> None:
    op.execute("""
        CREATE TABLE official_list (
            list_id uuid PRIMARY KEY,
            kind text NOT NULL,
            status text NOT NULL CHECK (status IN ('publicized', 'effective')),
            authority text NOT NULL,
            document_no text NOT NULL,
            document_on date NOT NULL,
            valid_from date,
            valid_to date,
            encoding text NOT NULL,
            row_count integer NOT NULL,
            digest text NOT NULL UNIQUE,
            imported_at timestamptz NOT NULL,
            imported_by text NOT NULL
        )
    """)
    op.execute("CREATE INDEX official_list_newest ON official_list (imported_at, list_id)")
    op.execute("""
        CREATE TABLE official_list_row (
            list_id uuid NOT NULL REFERENCES official_list (list_id),
            uscc text NOT NULL,
            name text NOT NULL,
            batch text,
            valid_from date,
            valid_to date,
            PRIMARY KEY (list_id, uscc)
        )
    """)


def add_titles() -> None:
    op.execute("""
        CREATE TABLE title (
            title_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            uscc text NOT NULL,
            kind text NOT NULL,
            authority text NOT NULL,
            status text NOT NULL
                CHECK (status IN ('publicized', 'effective', 'expired', 'revoked', 'annulled')),
            document_no text NOT NULL,
            document_on date NOT NULL,
            batch text,
            valid_from date,
            valid_to date,
            list_id uuid NOT NULL REFERENCES official_list (list_id),
            CONSTRAINT title_once UNIQUE (uscc, kind, authority, document_no),
            CHECK (valid_from <= valid_to)
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX title_in_notice ON title (uscc, kind, authority)
        WHERE status = 'publicized'
    """)
    op.execute("CREATE INDEX title_term ON title (valid_to) WHERE status = 'effective'")
    op.execute("CREATE TABLE title_waiting (uscc text PRIMARY KEY)")


def downgrade() -> None:
    for table in ("title_waiting", "title", "official_list_row", "official_list", "enterprise"):
        op.execute(f"DROP TABLE {table}")
