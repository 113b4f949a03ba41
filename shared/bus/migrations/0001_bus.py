"""The tables of the bus, the same in every service's own database."""

from alembic import op

revision = "0001_bus"
down_revision = None
branch_labels = None
depends_on = None

OUTBOX = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    topic text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    compacted boolean NOT NULL,
    payload bytea,
    headers jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
);

CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;

CREATE INDEX outbox_by_key ON outbox (topic, key, id);

CREATE INDEX outbox_by_age ON outbox (recorded_at);

CREATE TABLE key_versions (
    topic text NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (topic, key)
);

CREATE TABLE relay_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    idle boolean NOT NULL DEFAULT false
);

INSERT INTO relay_state DEFAULT VALUES;
"""

# A trigger rather than part of the INSERT: each query of a volatile function takes a new
# snapshot. This one is taken after the inserting transaction got its id, and that is what the
# relay relies on when it marks itself idle (Relay._rest).
WAKE = """
CREATE FUNCTION wake_idle_relay() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF (SELECT idle FROM relay_state) THEN
        NOTIFY outbox;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER wake_idle_relay AFTER INSERT OR UPDATE ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION wake_idle_relay();
"""

INBOX = """
CREATE TABLE inbox (
    consumer text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, event_id)
);

CREATE INDEX inbox_by_age ON inbox (received_at);

CREATE TABLE seen_versions (
    consumer text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (consumer, topic, key)
);
"""

DEAD_LETTERS = """
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    raw_key bytea,
    payload bytea,
    headers jsonb NOT NULL,
    key text,
    event_id text,
    type text,
    version bigint,
    status text NOT NULL
        CHECK (status IN ('failed', 'waiting', 'handled', 'discarded', 'superseded')),
    reason text NOT NULL,
    attempts integer NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolved_by text,
    resolution text,
    UNIQUE (consumer, topic, partition, record_offset, recorded_at)
);

CREATE INDEX dead_letters_open ON dead_letters (consumer, topic, key, id)
    WHERE status IN ('failed', 'waiting');

CREATE TABLE holds (
    consumer text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    held_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, key)
);

CREATE TABLE paused_partitions (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    dead_letters integer NOT NULL,
    paused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, partition)
);
"""

IDEMPOTENCY = """
CREATE TABLE idempotency (
    subject text NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, key)
);

CREATE INDEX idempotency_by_age ON idempotency (created_at);
"""


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    for statements in (OUTBOX, WAKE, INBOX, DEAD_LETTERS, IDEMPOTENCY):
        # One statement per paragraph: asyncpg prepares each, and a prepared one stands alone.
        for statement in statements.strip().split("\n\n"):
            op.execute(statement)
