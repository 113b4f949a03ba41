"""Positions, candidates, their match records, contacts, secondments, internships, fairs."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "fair_outcome",
    "fair_registration",
    "fair_venue",
    "fair",
    "intern",
    "internship",
    "secondment",
    "contact_request",
    "contact_read",
    "candidate_match",
    "candidate",
    "position_match",
    "position",
    "position_batch",
    "enterprise",
)


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _enterprises()
    _positions()
    _candidates()
    _match_records()
    _contacts()
    _secondments()
    _internships()
    _fairs()


def _enterprises() -> None:
    op.execute("""
        CREATE TABLE enterprise (
            uscc text PRIMARY KEY,
            name text,
            region text,
            segment text,
            status text,
            dossier_version bigint NOT NULL,
            titles jsonb NOT NULL,
            titles_version bigint NOT NULL
        )
    """)


def _positions() -> None:
    op.execute("""
        CREATE TABLE position_batch (
            batch_id uuid PRIMARY KEY,
            authority text NOT NULL,
            period text NOT NULL,
            title text NOT NULL,
            status text NOT NULL,
            opened_at timestamptz NOT NULL,
            published_at timestamptz,
            UNIQUE (authority, period)
        )
    """)
    op.execute("""
        CREATE TABLE position (
            position_id uuid PRIMARY KEY,
            ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            uscc text NOT NULL,
            batch_id uuid REFERENCES position_batch (batch_id),
            status text NOT NULL,
            kind text NOT NULL,
            mode text NOT NULL,
            region text NOT NULL,
            segment text,
            level int NOT NULL,
            discipline int NOT NULL,
            wanted jsonb NOT NULL,
            headcount int NOT NULL CHECK (headcount > 0),
            filled int NOT NULL DEFAULT 0 CHECK (filled BETWEEN 0 AND headcount),
            open_until date NOT NULL,
            review_note text,
            reviewed_by text,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            published_at timestamptz,
            version bigint NOT NULL
        )
    """)
    op.execute("CREATE INDEX position_enterprise ON position (uscc, position_id)")
    op.execute("CREATE INDEX position_open ON position (status, position_id)")
    op.execute("CREATE INDEX position_due ON position (open_until) WHERE status = 'published'")


def _candidates() -> None:
    op.execute("""
        CREATE TABLE candidate (
            candidate_id uuid PRIMARY KEY,
            ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            owner text,
            status text NOT NULL,
            kinds text[] NOT NULL,
            level int NOT NULL,
            discipline int NOT NULL,
            region text NOT NULL,
            segment text,
            profile jsonb NOT NULL,
            mentions jsonb NOT NULL,
            hidden_from text[] NOT NULL,
            consent_until date,
            consent_reference text,
            confirmed_on date NOT NULL,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            version bigint NOT NULL,
            personal bytea,
            key_id text,
            CHECK (status <> 'erased' OR (personal IS NULL AND owner IS NULL))
        )
    """)
    op.execute("CREATE INDEX candidate_owner ON candidate (owner, candidate_id)")
    op.execute("CREATE INDEX candidate_key ON candidate (key_id) WHERE personal IS NOT NULL")
    op.execute("""
        CREATE TABLE contact_read (
            read_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            candidate_id uuid NOT NULL REFERENCES candidate (candidate_id),
            read_at timestamptz NOT NULL,
            role text NOT NULL,
            reader text NOT NULL,
            view text NOT NULL,
            purpose text NOT NULL
        )
    """)
    op.execute("CREATE INDEX contact_read_candidate ON contact_read (candidate_id, read_id)")


def _match_records() -> None:
    """What the indexes follow. `changed` is the writing transaction: no row can be overtaken."""
    op.execute("""
        CREATE FUNCTION mark_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.changed := pg_current_xact_id();
            RETURN NEW;
        END $$
    """)
    for table in ("candidate", "position"):
        op.execute(f"""
            CREATE TABLE {table}_match (
                ordinal bigint PRIMARY KEY REFERENCES {table} (ordinal),
                record bytea NOT NULL,
                taxonomy text NOT NULL,
                changed xid8 NOT NULL
            )
        """)
        op.execute(f"CREATE INDEX {table}_match_changed ON {table}_match (changed)")
        op.execute(f"CREATE INDEX {table}_match_taxonomy ON {table}_match (taxonomy)")
        op.execute(f"""
            CREATE TRIGGER mark_change BEFORE INSERT OR UPDATE ON {table}_match
            FOR EACH ROW EXECUTE FUNCTION mark_change()
        """)


def _contacts() -> None:
    op.execute("""
        CREATE TABLE contact_request (
            request_id uuid PRIMARY KEY,
            position_id uuid NOT NULL REFERENCES position (position_id),
            candidate_id uuid NOT NULL REFERENCES candidate (candidate_id),
            uscc text NOT NULL,
            status text NOT NULL,
            message text NOT NULL,
            requested_at timestamptz NOT NULL,
            answer_until date NOT NULL,
            answered_at timestamptz,
            outcome_at timestamptz,
            outcome_on date
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX contact_request_open ON contact_request (position_id, candidate_id)
        WHERE status IN ('requested', 'agreed', 'offered', 'hired')
    """)
    op.execute("CREATE INDEX contact_request_candidate ON contact_request (candidate_id)")
    op.execute("CREATE INDEX contact_request_enterprise ON contact_request (uscc)")
    op.execute("""
        CREATE INDEX contact_request_due ON contact_request (answer_until)
        WHERE status = 'requested'
    """)


def _secondments() -> None:
    op.execute("""
        CREATE TABLE secondment (
            secondment_id uuid PRIMARY KEY,
            candidate_id uuid NOT NULL REFERENCES candidate (candidate_id),
            home_org text NOT NULL,
            uscc text NOT NULL,
            position_id uuid REFERENCES position (position_id),
            status text NOT NULL,
            share_percent int NOT NULL CHECK (share_percent BETWEEN 1 AND 100),
            starts_on date NOT NULL,
            ends_on date NOT NULL CHECK (ends_on >= starts_on),
            ip_clause text NOT NULL,
            duties text NOT NULL,
            proposed_at timestamptz NOT NULL,
            home_agreed_at timestamptz,
            person_agreed_at timestamptz,
            ended_at timestamptz
        )
    """)
    op.execute("CREATE INDEX secondment_candidate ON secondment (candidate_id, starts_on)")
    op.execute("CREATE INDEX secondment_due ON secondment (status, starts_on, ends_on)")
    # The highest sum of shares is reached on a day on which one of them starts. The lock makes two
    # agreements of one person wait for each other; each statement after it sees what was committed.
    op.execute("""
        CREATE FUNCTION keep_shares() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE most int;
        BEGIN
            IF NEW.status NOT IN ('agreed', 'active') THEN RETURN NEW; END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended('share:' || NEW.candidate_id, 3));
            SELECT max(total) INTO most FROM (
                SELECT sum(other.share_percent) AS total
                FROM (SELECT NEW.starts_on AS day
                      UNION SELECT starts_on FROM secondment
                      WHERE candidate_id = NEW.candidate_id AND status IN ('agreed', 'active')
                        AND starts_on BETWEEN NEW.starts_on AND NEW.ends_on) AS days
                JOIN secondment AS other ON other.candidate_id = NEW.candidate_id
                    AND other.secondment_id <> NEW.secondment_id
                    AND other.status IN ('agreed', 'active')
                    AND days.day BETWEEN other.starts_on AND other.ends_on
                GROUP BY days.day) AS daily;
            IF coalesce(most, 0) + NEW.share_percent > 100 THEN
                RAISE EXCEPTION 'shares of one person exceed 100 percent'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'secondment_shares';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER keep_shares BEFORE INSERT OR UPDATE ON secondment
        FOR EACH ROW EXECUTE FUNCTION keep_shares()
    """)


def _internships() -> None:
    op.execute("""
        CREATE TABLE internship (
            internship_id uuid PRIMARY KEY,
            org text NOT NULL,
            uscc text NOT NULL,
            title text NOT NULL,
            discipline int NOT NULL,
            region text NOT NULL,
            status text NOT NULL,
            places int NOT NULL CHECK (places > 0),
            taken int NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND places),
            starts_on date NOT NULL,
            ends_on date NOT NULL CHECK (ends_on >= starts_on),
            proposed_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX internship_org ON internship (org)")
    op.execute("CREATE INDEX internship_enterprise ON internship (uscc)")
    op.execute("""
        CREATE TABLE intern (
            intern_id uuid PRIMARY KEY,
            internship_id uuid NOT NULL REFERENCES internship (internship_id),
            candidate_id uuid NOT NULL REFERENCES candidate (candidate_id),
            status text NOT NULL,
            placed_at timestamptz NOT NULL,
            ended_at timestamptz,
            UNIQUE (internship_id, candidate_id)
        )
    """)
    op.execute("CREATE INDEX intern_candidate ON intern (candidate_id)")


def _fairs() -> None:
    op.execute("""
        CREATE TABLE fair (
            fair_id uuid PRIMARY KEY,
            kind text NOT NULL,
            title text NOT NULL,
            authority text NOT NULL,
            status text NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
            announced_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE fair_venue (
            venue_id uuid PRIMARY KEY,
            fair_id uuid NOT NULL REFERENCES fair (fair_id),
            name text NOT NULL,
            region text NOT NULL,
            place text NOT NULL,
            capacity int NOT NULL CHECK (capacity > 0),
            taken int NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND capacity)
        )
    """)
    op.execute("CREATE INDEX fair_venue_fair ON fair_venue (fair_id)")
    op.execute("""
        CREATE TABLE fair_registration (
            registration_id uuid PRIMARY KEY,
            number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            fair_id uuid NOT NULL REFERENCES fair (fair_id),
            venue_id uuid NOT NULL REFERENCES fair_venue (venue_id),
            candidate_id uuid REFERENCES candidate (candidate_id),
            uscc text,
            status text NOT NULL,
            registered_at timestamptz NOT NULL,
            checked_in_at timestamptz,
            CHECK ((candidate_id IS NULL) <> (uscc IS NULL))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX fair_registration_party
        ON fair_registration (fair_id, coalesce(uscc, candidate_id::text))
        WHERE status <> 'cancelled'
    """)
    op.execute("CREATE INDEX fair_registration_queue ON fair_registration (venue_id, number)")
    op.execute("CREATE INDEX fair_registration_candidate ON fair_registration (candidate_id)")
    op.execute("""
        CREATE TABLE fair_outcome (
            fair_id uuid NOT NULL REFERENCES fair (fair_id),
            uscc text NOT NULL,
            interviews int NOT NULL CHECK (interviews >= 0),
            offers int NOT NULL CHECK (offers BETWEEN 0 AND interviews),
            hires int NOT NULL CHECK (hires BETWEEN 0 AND offers),
            reported_at timestamptz NOT NULL,
            PRIMARY KEY (fair_id, uscc)
        )
    """)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION keep_shares")
    op.execute("DROP FUNCTION mark_change")
