"""Entitlements of every kind of payee, with money or without, and the claims that lead to some."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _widen_entitlements()
    op.execute("""
        CREATE TABLE amount_decision (
            entitlement_id uuid NOT NULL REFERENCES entitlement (entitlement_id),
            number integer NOT NULL,
            amount_cny numeric(14, 2) NOT NULL CHECK (amount_cny >= 0),
            subtype text,
            reason text NOT NULL,
            document_no text,
            decided_by text NOT NULL,
            decided_at timestamptz NOT NULL,
            PRIMARY KEY (entitlement_id, number)
        )
    """)
    op.execute("""
        CREATE TABLE aid_share (
            scheme text NOT NULL,
            since date NOT NULL,
            percent numeric(5, 2) NOT NULL CHECK (percent > 0 AND percent <= 100),
            document_no text NOT NULL,
            reason text NOT NULL,
            decided_by text NOT NULL,
            decided_at timestamptz NOT NULL,
            PRIMARY KEY (scheme, since)
        )
    """)
    _create_claims()


def downgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    for table in ("claim_step", "claim_item", "claim", "aid_share", "amount_decision"):
        op.execute(f"DROP TABLE {table}")
    op.execute("""
        DELETE FROM entitlement
        WHERE origin = 'claim' OR unit IS NOT NULL OR payee_kind <> 'enterprise'
    """)
    op.execute("DROP INDEX entitlement_payer")
    op.execute("""
        ALTER TABLE entitlement
            DROP COLUMN payee_kind,
            DROP COLUMN origin,
            DROP COLUMN budget_year,
            DROP COLUMN quantity,
            DROP COLUMN unit,
            DROP COLUMN granted_cny,
            DROP COLUMN subtype,
            ALTER COLUMN title_kind SET NOT NULL,
            ALTER COLUMN title_authority SET NOT NULL,
            ALTER COLUMN document_no SET NOT NULL,
            ADD CONSTRAINT entitlement_uscc_fkey FOREIGN KEY (uscc) REFERENCES enterprise (uscc)
    """)


def _widen_entitlements() -> None:
    """More kinds of payee, benefits without money, amounts before other payers' awards.

    Every row gets its budget year, so the table is locked for as long as that takes; it has a few
    rows per title. Only this service writes it, and no older release may run beside the new one.
    """
    op.execute("""
        ALTER TABLE entitlement
            -- squawk-ignore ban-drop-constraint
            DROP CONSTRAINT entitlement_uscc_fkey,
            ADD COLUMN payee_kind text NOT NULL DEFAULT 'enterprise' CHECK (payee_kind IN
                ('enterprise', 'park_operator', 'service_institution', 'research_partner')),
            ADD COLUMN origin text NOT NULL DEFAULT 'title' CHECK (origin IN ('title', 'claim')),
            ADD COLUMN budget_year integer,
            ADD COLUMN quantity numeric(14, 2) CHECK (quantity > 0),
            ADD COLUMN unit text,
            ADD COLUMN granted_cny numeric(14, 2) CHECK (granted_cny >= 0),
            ADD COLUMN subtype text,
            -- squawk-ignore ban-drop-not-null
            ALTER COLUMN title_kind DROP NOT NULL,
            -- squawk-ignore ban-drop-not-null
            ALTER COLUMN title_authority DROP NOT NULL,
            -- squawk-ignore ban-drop-not-null
            ALTER COLUMN document_no DROP NOT NULL
    """)
    op.execute("""
        UPDATE entitlement
        SET budget_year = extract(year FROM effective_on), granted_cny = payable_cny
    """)
    op.execute("""
        ALTER TABLE entitlement
            -- squawk-ignore adding-not-nullable-field
            ALTER COLUMN budget_year SET NOT NULL,
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT entitlement_money_or_quantity CHECK (
                (quantity IS NULL) = (unit IS NULL)
                AND (unit IS NULL OR coalesce(amount_max_cny, granted_cny, payable_cny) IS NULL)
            ),
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT entitlement_of_a_title CHECK (
                origin = 'claim' OR (title_kind IS NOT NULL AND title_authority IS NOT NULL
                    AND document_no IS NOT NULL)
            )
    """)
    op.execute("""
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX entitlement_payer ON entitlement (payer, scheme, budget_year)
    """)


def _create_claims() -> None:
    op.execute("""
        CREATE TABLE claim (
            claim_id uuid PRIMARY KEY,
            uscc text NOT NULL,
            payee_kind text NOT NULL,
            payee_name text NOT NULL,
            scheme text NOT NULL,
            payer text NOT NULL,
            period text NOT NULL,
            round integer NOT NULL,
            state text NOT NULL CHECK (state IN
                ('filed', 'returned', 'approved', 'rejected', 'withdrawn', 'lapsed')),
            title_kind text,
            title_authority text,
            document_no text,
            filed_on date NOT NULL,
            changed_at timestamptz NOT NULL,
            due_at timestamptz,
            overdue_at timestamptz,
            claimed_cny numeric(14, 2) NOT NULL CHECK (claimed_cny > 0),
            eligible_cny numeric(14, 2),
            percent numeric(5, 2),
            approved_cny numeric(14, 2),
            entitlement_id uuid REFERENCES entitlement (entitlement_id),
            CONSTRAINT claim_once UNIQUE (uscc, scheme, period),
            CONSTRAINT claim_approved CHECK (
                (state = 'approved') = (approved_cny IS NOT NULL AND entitlement_id IS NOT NULL)
            )
        )
    """)
    op.execute("CREATE INDEX claim_due ON claim (due_at, claim_id) WHERE due_at IS NOT NULL")
    op.execute("CREATE INDEX claim_payer ON claim (payer, claim_id)")
    op.execute("""
        CREATE TABLE claim_item (
            claim_id uuid NOT NULL REFERENCES claim (claim_id),
            round integer NOT NULL,
            number integer NOT NULL,
            kind text NOT NULL,
            issuer text NOT NULL,
            document_no text NOT NULL,
            issued_on date NOT NULL,
            amount_cny numeric(14, 2) NOT NULL CHECK (amount_cny > 0),
            note text,
            sha256 text,
            counts boolean NOT NULL,
            accepted_cny numeric(14, 2),
            reason text,
            PRIMARY KEY (claim_id, round, number),
            CHECK (accepted_cny BETWEEN 0 AND amount_cny),
            CHECK (accepted_cny IS NULL OR accepted_cny = amount_cny OR reason IS NOT NULL)
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX claim_item_document_once ON claim_item (kind, issuer, document_no)
        WHERE counts
    """)
    op.execute("""
        CREATE TABLE claim_step (
            claim_id uuid NOT NULL REFERENCES claim (claim_id),
            number integer NOT NULL,
            move text NOT NULL,
            before text,
            after text NOT NULL,
            role text NOT NULL,
            moved_by text NOT NULL,
            moved_at timestamptz NOT NULL,
            note text,
            PRIMARY KEY (claim_id, number)
        )
    """)
