"""Endpoints, secrets, events, deliveries, attempts; regions of enterprises; inbound messages."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _endpoints()
    _events()
    _deliveries()
    _inbound()
    op.execute("""
        CREATE TABLE enterprise_region (
            uscc text PRIMARY KEY,
            region text NOT NULL
        )
    """)


def _endpoints() -> None:
    op.execute("""
        CREATE TABLE endpoint (
            endpoint_id uuid PRIMARY KEY,
            owner_role text NOT NULL,
            owner text NOT NULL,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL,
            url text NOT NULL,
            description text NOT NULL,
            types text[] NOT NULL,
            enterprises text[] NOT NULL,
            regions text[] NOT NULL,
            ordered boolean NOT NULL,
            version bigint NOT NULL,
            status text NOT NULL CHECK (status IN ('enabled', 'disabled')),
            disabled_reason text,
            disabled_at timestamptz,
            failing_since timestamptz,
            last_success_at timestamptz,
            last_failure_at timestamptz,
            probe_at timestamptz,
            catch_up_to bigint NOT NULL,
            deleted_at timestamptz
        )
    """)
    op.execute("CREATE INDEX endpoint_owner ON endpoint (owner_role, owner, created_at)")
    op.execute("""
        CREATE TABLE endpoint_secret (
            secret_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            endpoint_id uuid NOT NULL REFERENCES endpoint (endpoint_id),
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz
        )
    """)
    op.execute("CREATE INDEX endpoint_secret_endpoint ON endpoint_secret (endpoint_id)")


def _events() -> None:
    op.execute("""
        CREATE TABLE event (
            event_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            event_id text NOT NULL,
            type text NOT NULL,
            key text NOT NULL,
            audience text[] NOT NULL,
            about jsonb NOT NULL,
            uscc text,
            awaits_region boolean NOT NULL,
            received_at timestamptz NOT NULL,
            body bytea NOT NULL,
            UNIQUE (source, event_id)
        )
    """)
    op.execute("CREATE INDEX event_received ON event (received_at)")
    op.execute("CREATE INDEX event_awaits_region ON event (uscc, event_no) WHERE awaits_region")


def _deliveries() -> None:
    # No foreign key to endpoint: each new delivery would lock the endpoint's row.
    op.execute("""
        CREATE TABLE delivery (
            delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            endpoint_id uuid NOT NULL,
            event_no bigint NOT NULL REFERENCES event (event_no) ON DELETE CASCADE,
            key text NOT NULL,
            replay bigint NOT NULL,
            forced boolean NOT NULL,
            status text NOT NULL
                CHECK (status IN ('pending', 'sending', 'delivered', 'withheld', 'expired')),
            created_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            leased_until timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            failures integer NOT NULL DEFAULT 0,
            finished_at timestamptz,
            UNIQUE (event_no, endpoint_id, replay)
        ) WITH (fillfactor = 80)
    """)
    op.execute("CREATE SEQUENCE replay_run")
    op.execute("CREATE INDEX delivery_endpoint ON delivery (endpoint_id, delivery_id)")
    op.execute("""
        CREATE INDEX delivery_due ON delivery (endpoint_id, due_at, delivery_id)
        WHERE status = 'pending'
    """)
    op.execute("""
        CREATE INDEX delivery_open ON delivery (endpoint_id, key, delivery_id)
        WHERE status IN ('pending', 'sending')
    """)
    op.execute("""
        CREATE INDEX delivery_forced ON delivery (endpoint_id, delivery_id)
        WHERE forced AND status = 'pending'
    """)
    op.execute("""
        CREATE INDEX delivery_leased ON delivery (leased_until) WHERE status = 'sending'
    """)
    op.execute("""
        CREATE TABLE attempt (
            delivery_id bigint NOT NULL REFERENCES delivery (delivery_id) ON DELETE CASCADE,
            number integer NOT NULL,
            started_at timestamptz,
            duration_ms double precision,
            outcome text NOT NULL,
            url text,
            status integer,
            error text,
            response text,
            PRIMARY KEY (delivery_id, number)
        )
    """)


def _inbound() -> None:
    op.execute("""
        CREATE TABLE inbound_source (
            source text PRIMARY KEY,
            owner_role text NOT NULL,
            owner text NOT NULL,
            description text NOT NULL,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX inbound_source_owner ON inbound_source (owner_role, owner)")
    op.execute("""
        CREATE TABLE inbound_secret (
            secret_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL REFERENCES inbound_source (source),
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz
        )
    """)
    op.execute("CREATE INDEX inbound_secret_source ON inbound_secret (source)")
    op.execute("""
        CREATE TABLE inbound_message (
            source text NOT NULL REFERENCES inbound_source (source),
            message_id text NOT NULL,
            digest bytea NOT NULL,
            received_at timestamptz NOT NULL,
            PRIMARY KEY (source, message_id)
        )
    """)
    op.execute("CREATE INDEX inbound_message_received ON inbound_message (received_at)")


def downgrade() -> None:
    for table in (
        "inbound_message",
        "inbound_secret",
        "inbound_source",
        "attempt",
        "delivery",
        "event",
        "endpoint_secret",
        "endpoint",
        "enterprise_region",
    ):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE replay_run")
