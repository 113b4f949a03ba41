"""Enterprises as heard of, providers, reviews, offerings with their versions, carriers."""

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
            industry text,
            segment text,
            status text,
            dossier_version bigint NOT NULL,
            titles jsonb NOT NULL,
            titles_version bigint NOT NULL,
            outlook jsonb NOT NULL,
            outlook_version bigint NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE provider (
            provider text PRIMARY KEY,
            authority text NOT NULL,
            name text NOT NULL,
            kind text NOT NULL,
            status text NOT NULL CHECK (status IN ('candidate', 'listed', 'suspended', 'delisted')),
            status_reason text,
            introduction text NOT NULL,
            region text,
            founded_in integer,
            source text,
            sample boolean NOT NULL,
            warnings integer NOT NULL DEFAULT 0,
            version bigint NOT NULL,
            registered_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX provider_database ON provider (authority, provider)")
    op.execute("""
        CREATE TABLE provider_review (
            provider text NOT NULL REFERENCES provider (provider),
            number integer NOT NULL,
            move text NOT NULL,
            status text NOT NULL,
            reason text NOT NULL,
            findings jsonb NOT NULL,
            reviewed_by text NOT NULL,
            reviewed_at timestamptz NOT NULL,
            PRIMARY KEY (provider, number)
        )
    """)
    _offerings()
    op.execute("""
        CREATE TABLE carrier (
            carrier_id text PRIMARY KEY,
            kind text NOT NULL,
            name text NOT NULL,
            level text NOT NULL,
            region text NOT NULL,
            fields text[] NOT NULL,
            host text,
            url text
        )
    """)
    op.execute("CREATE INDEX carrier_region ON carrier (region, carrier_id)")


def _offerings() -> None:
    op.execute("""
        CREATE TABLE offering (
            offering_id uuid PRIMARY KEY,
            provider text NOT NULL REFERENCES provider (provider),
            status text NOT NULL CHECK (status IN ('published', 'withdrawn')),
            service text NOT NULL,
            product text,
            name text NOT NULL,
            searchable text NOT NULL,
            name_terms text[] NOT NULL,
            terms text[] NOT NULL,
            regions text[] NOT NULL,
            industries text[] NOT NULL,
            segments text[] NOT NULL,
            tiers text[] NOT NULL,
            closes text[] NOT NULL,
            content jsonb NOT NULL,
            version bigint NOT NULL,
            changed_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX offering_provider ON offering (provider, offering_id)")
    # fastupdate would leave new offerings in an unsorted list that every search reads through.
    op.execute(
        "CREATE INDEX offering_name_terms ON offering USING gin (name_terms)"
        " WITH (fastupdate = off) WHERE status = 'published'"
    )
    op.execute(
        "CREATE INDEX offering_terms ON offering USING gin (terms)"
        " WITH (fastupdate = off) WHERE status = 'published'"
    )
    op.execute(
        "CREATE INDEX offering_closes ON offering USING gin (closes) WHERE status = 'published'"
    )
    op.execute("""
        CREATE TABLE offering_version (
            offering_id uuid NOT NULL REFERENCES offering (offering_id),
            version bigint NOT NULL,
            status text NOT NULL,
            content jsonb NOT NULL,
            changed_by text NOT NULL,
            changed_at timestamptz NOT NULL,
            PRIMARY KEY (offering_id, version)
        )
    """)


def downgrade() -> None:
    for table in (
        "carrier",
        "offering_version",
        "offering",
        "provider_review",
        "provider",
        "enterprise",
    ):
        op.execute(f"DROP TABLE {table}")
