"""Finance products changed at run time, the population they are matched to, programmes, needs."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "financing_need",
    "needs_heard",
    "programme_use",
    "product_match",
    "measures",
    "measure_value",
    "catalogue_revision",
    "product_version",
)


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _products()
    _population()
    _programmes_and_needs()


def _products() -> None:
    op.execute("""
        CREATE TABLE product_version (
            product_id text NOT NULL,
            version integer NOT NULL CHECK (version >= 1),
            owner text NOT NULL,
            document text NOT NULL,
            published_at timestamptz NOT NULL,
            published_by text NOT NULL,
            PRIMARY KEY (product_id, version)
        )
    """)
    op.execute("""
        CREATE TABLE catalogue_revision (
            single boolean PRIMARY KEY CHECK (single),
            revision uuid NOT NULL
        )
    """)
    op.execute("INSERT INTO catalogue_revision VALUES (true, gen_random_uuid())")


def _population() -> None:
    op.execute("""
        CREATE TABLE measure_value (
            code integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (START WITH 1),
            value text NOT NULL UNIQUE
        )
    """)
    op.execute("""
        CREATE TABLE measures (
            uscc text PRIMARY KEY,
            dossier_version bigint NOT NULL,
            titles_version bigint NOT NULL,
            as_of date NOT NULL,
            layout text NOT NULL,
            registered boolean NOT NULL,
            codes integer[] NOT NULL,
            numbers bigint[] NOT NULL
        )
    """)
    op.execute("ALTER TABLE measures ALTER codes SET STORAGE PLAIN")
    op.execute("ALTER TABLE measures ALTER numbers SET STORAGE PLAIN")
    op.execute("""
        CREATE TABLE product_match (
            match_id uuid PRIMARY KEY,
            number bigint NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY,
            product_id text NOT NULL,
            version integer NOT NULL,
            owner text NOT NULL,
            changes_per_s integer NOT NULL CHECK (changes_per_s >= 1),
            requested_at timestamptz NOT NULL,
            requested_by text NOT NULL,
            status text NOT NULL
                CHECK (status IN ('queued', 'running', 'done', 'failed', 'superseded')),
            total bigint,
            judged bigint NOT NULL DEFAULT 0,
            eligible bigint NOT NULL DEFAULT 0,
            not_eligible bigint NOT NULL DEFAULT 0,
            not_judged bigint NOT NULL DEFAULT 0,
            changes bigint NOT NULL DEFAULT 0,
            after_uscc text NOT NULL DEFAULT '',
            attempts integer NOT NULL DEFAULT 0,
            problem text,
            finished_at timestamptz,
            lease uuid,
            leased_until timestamptz,
            UNIQUE (product_id, version)
        )
    """)
    op.execute("""
        CREATE INDEX product_match_open ON product_match (number)
        WHERE status IN ('queued', 'running')
    """)


def _programmes_and_needs() -> None:
    op.execute("""
        CREATE TABLE programme_use (
            programme_id text NOT NULL,
            number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            as_of_on date NOT NULL,
            used_cny numeric(16, 2) NOT NULL CHECK (used_cny >= 0),
            enterprises integer CHECK (enterprises >= 0),
            reported_at timestamptz NOT NULL,
            reported_by text NOT NULL,
            PRIMARY KEY (programme_id, number)
        )
    """)
    op.execute("""
        CREATE TABLE needs_heard (
            uscc text PRIMARY KEY,
            version bigint NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE financing_need (
            uscc text NOT NULL REFERENCES needs_heard (uscc),
            need_id text NOT NULL,
            amount_cny numeric(14, 2) NOT NULL CHECK (amount_cny > 0),
            tenor_months integer NOT NULL CHECK (tenor_months >= 1),
            purpose text NOT NULL,
            open_to_all_banks boolean NOT NULL,
            banks text[] NOT NULL,
            text text NOT NULL,
            wanted_by_on date,
            opened_at timestamptz NOT NULL,
            PRIMARY KEY (uscc, need_id)
        )
    """)
    op.execute("CREATE INDEX financing_need_banks ON financing_need USING gin (banks)")
    op.execute("""
        CREATE INDEX financing_need_open ON financing_need (uscc, need_id)
        WHERE open_to_all_banks
    """)


def downgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
