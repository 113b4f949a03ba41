"""Dossier versions as certification heard them, stored evaluations, the rule texts they used."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("ALTER TABLE enterprise ADD COLUMN eligible jsonb, ADD COLUMN at_risk jsonb")
    add_dossiers()
    add_rulebooks()
    add_evaluations()


def add_dossiers() -> None:
    op.execute("""
        CREATE TABLE dossier (
            uscc text NOT NULL,
            version bigint NOT NULL,
            name text NOT NULL,
            status text NOT NULL,
            facts text NOT NULL,
            known_at timestamptz NOT NULL,
            PRIMARY KEY (uscc, version)
        )
    """)
    op.execute("CREATE INDEX dossier_known ON dossier (uscc, known_at)")
    # When an earlier version was heard is not on record; it was known on the day it was judged.
    op.execute("""
        INSERT INTO dossier (uscc, version, name, status, facts, known_at)
        SELECT uscc, dossier_version, name, status, facts::text,
               judged_on::timestamp AT TIME ZONE 'Asia/Shanghai'
        FROM enterprise
    """)


def add_rulebooks() -> None:
    op.execute("CREATE TABLE rule_file (digest text PRIMARY KEY, content text NOT NULL)")
    op.execute("""
        CREATE TABLE rulebook (
            digest text PRIMARY KEY,
            files jsonb NOT NULL,
            first_used_at timestamptz NOT NULL
        )
    """)


def add_evaluations() -> None:
    op.execute("""
        CREATE TABLE evaluation (
            evaluation_id uuid PRIMARY KEY,
            uscc text NOT NULL,
            outlook_version bigint NOT NULL,
            dossier_version bigint NOT NULL,
            known_at timestamptz NOT NULL,
            as_of date NOT NULL,
            judged_at timestamptz NOT NULL,
            facts_digest text NOT NULL,
            titles text NOT NULL,
            rulebook text NOT NULL REFERENCES rulebook (digest),
            rule_sets jsonb NOT NULL,
            verdict text NOT NULL,
            CONSTRAINT evaluation_once UNIQUE (uscc, outlook_version),
            FOREIGN KEY (uscc, dossier_version) REFERENCES dossier (uscc, version)
        )
    """)


def downgrade() -> None:
    for table in ("evaluation", "rulebook", "rule_file", "dossier"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE enterprise DROP COLUMN eligible, DROP COLUMN at_risk")
