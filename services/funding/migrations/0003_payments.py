"""Budgets as a double-entry ledger, payment runs and lines, claw-backs and appeals.

The database itself keeps the books: an entry must sum to zero, nothing of it is ever changed, a
balance follows its postings and never falls under zero. It admits one live payment line per
payee, scheme and period.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MONEY = "numeric(14, 2)"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _keep_forever()
    _ledger()
    _ledger_guards()
    _runs()
    _lines()
    _line_guards()
    _approvals_and_files()
    _claw_backs()
    _appeals()


def downgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        DROP TABLE appeal, repayment, claw_back, payment_return, payment_file, payment_approval,
            payment_objection, payment_deferral, payment_line, payment_run, payee_account,
            posting, journal_entry, ledger_account, ledger_book
    """)
    op.execute("""
        DROP FUNCTION book_posting, check_entry, keep_forever, guard_balance, guard_line
    """)


def _keep_forever() -> None:
    op.execute("""
        CREATE FUNCTION keep_forever() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a row of % is never changed and never deleted', TG_TABLE_NAME;
        END $$
    """)


def _append_only(table: str) -> None:
    op.execute(f"""
        CREATE TRIGGER keep_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION keep_forever()
    """)


def _before_each_row(function: str, what: str) -> None:
    op.execute(
        f"CREATE TRIGGER {function} BEFORE {what} FOR EACH ROW EXECUTE FUNCTION {function}()"
    )


def _ledger() -> None:
    op.execute("""
        CREATE TABLE ledger_book (
            book_id uuid PRIMARY KEY,
            payer text NOT NULL,
            scheme text NOT NULL,
            year integer NOT NULL,
            CONSTRAINT ledger_book_once UNIQUE (payer, scheme, year)
        )
    """)
    op.execute(f"""
        CREATE TABLE ledger_account (
            book_id uuid NOT NULL REFERENCES ledger_book (book_id),
            account text NOT NULL CHECK (account IN ('appropriated', 'available', 'committed',
                'notified', 'paid', 'returned', 'clawed_back')),
            balance_cny {MONEY} NOT NULL,
            PRIMARY KEY (book_id, account),
            CONSTRAINT ledger_account_covered CHECK (account = 'appropriated' OR balance_cny >= 0)
        )
    """)
    op.execute("""
        CREATE TABLE journal_entry (
            entry_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            book_id uuid NOT NULL REFERENCES ledger_book (book_id),
            occasion text NOT NULL,
            document_no text,
            booked_by text NOT NULL,
            booked_at timestamptz NOT NULL,
            UNIQUE (entry_no, book_id),
            CONSTRAINT journal_entry_once UNIQUE (book_id, occasion)
        )
    """)
    op.execute(f"""
        CREATE TABLE posting (
            entry_no bigint NOT NULL,
            book_id uuid NOT NULL,
            account text NOT NULL,
            amount_cny {MONEY} NOT NULL CHECK (amount_cny <> 0),
            PRIMARY KEY (entry_no, account),
            FOREIGN KEY (entry_no, book_id) REFERENCES journal_entry (entry_no, book_id),
            FOREIGN KEY (book_id, account) REFERENCES ledger_account (book_id, account)
        )
    """)


def _ledger_guards() -> None:
    for table in ("ledger_book", "journal_entry", "posting"):
        _append_only(table)
    op.execute("""
        CREATE FUNCTION book_posting() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE ledger_account SET balance_cny = balance_cny + NEW.amount_cny
            WHERE book_id = NEW.book_id AND account = NEW.account;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER book_posting AFTER INSERT ON posting
        FOR EACH ROW EXECUTE FUNCTION book_posting()
    """)
    op.execute("""
        CREATE FUNCTION guard_balance() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (TG_OP = 'INSERT' AND NEW.balance_cny = 0)
               OR (TG_OP = 'UPDATE' AND pg_trigger_depth() > 1) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'a balance begins at zero and changes by a posting only';
        END $$
    """)
    _before_each_row("guard_balance", "INSERT OR UPDATE OR DELETE ON ledger_account")
    op.execute("""
        CREATE FUNCTION check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT count(*) < 2 OR sum(amount_cny) <> 0 FROM posting
                WHERE entry_no = NEW.entry_no) THEN
                RAISE EXCEPTION 'the postings of entry % do not sum to zero', NEW.entry_no;
            END IF;
            RETURN NULL;
        END $$
    """)
    for table in ("journal_entry", "posting"):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER check_entry AFTER INSERT ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry()
        """)


def _runs() -> None:
    op.execute("""
        CREATE TABLE payee_account (
            account_id uuid PRIMARY KEY,
            uscc text NOT NULL,
            holder text NOT NULL,
            bank text NOT NULL,
            number text NOT NULL,
            given_by text NOT NULL,
            given_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX payee_account_latest ON payee_account (uscc, given_at DESC)")
    _append_only("payee_account")
    op.execute("""
        CREATE TABLE payment_run (
            run_id uuid PRIMARY KEY,
            payer text NOT NULL,
            list_no text NOT NULL,
            scheme text,
            year integer NOT NULL,
            titles_until date,
            shortages jsonb NOT NULL,
            state text NOT NULL CHECK (state IN
                ('listed', 'on_notice', 'approved', 'exported', 'reconciled', 'cancelled')),
            revision integer NOT NULL,
            made_by text NOT NULL,
            made_at timestamptz NOT NULL,
            notice_from date,
            notice_until date,
            exported_at timestamptz,
            ended_at timestamptz,
            end_reason text,
            CONSTRAINT payment_run_list_once UNIQUE (payer, list_no),
            CHECK ((notice_from IS NULL) = (notice_until IS NULL)),
            CHECK (state NOT IN ('on_notice', 'approved', 'exported', 'reconciled')
                OR notice_until IS NOT NULL)
        )
    """)
    op.execute("CREATE INDEX payment_run_notice ON payment_run (notice_from DESC, run_id DESC)")


def _lines() -> None:
    op.execute(f"""
        CREATE TABLE payment_line (
            line_id uuid PRIMARY KEY,
            run_id uuid NOT NULL REFERENCES payment_run (run_id),
            number integer NOT NULL CHECK (number > 0),
            kind text NOT NULL CHECK (kind IN ('payment', 'reversal')),
            reverses uuid REFERENCES payment_line (line_id),
            entitlement_id uuid NOT NULL REFERENCES entitlement (entitlement_id),
            uscc text NOT NULL,
            name text NOT NULL,
            scheme text NOT NULL,
            period text NOT NULL,
            payable_cny {MONEY} NOT NULL,
            amount_cny {MONEY} NOT NULL,
            state text NOT NULL CHECK (state IN
                ('listed', 'withdrawn', 'paid', 'refused', 'reversed', 'clawed_back', 'booked')),
            reason text,
            account_id uuid REFERENCES payee_account (account_id),
            bank_reference text,
            settled_on date,
            UNIQUE (run_id, number),
            CHECK (kind = 'payment' OR (state = 'booked' AND amount_cny < 0
                AND reverses IS NOT NULL)),
            CHECK (kind = 'reversal' OR (state <> 'booked' AND amount_cny > 0
                AND amount_cny <= payable_cny AND reverses IS NULL))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX payment_line_once ON payment_line (uscc, scheme, period)
        WHERE state IN ('listed', 'paid', 'refused')
    """)
    op.execute("""
        CREATE UNIQUE INDEX payment_line_reversed_once ON payment_line (reverses)
        WHERE reverses IS NOT NULL
    """)
    op.execute("CREATE INDEX payment_line_entitlement ON payment_line (entitlement_id)")
    op.execute("CREATE INDEX payment_line_payee ON payment_line (uscc)")
    op.execute("""
        CREATE TABLE payment_deferral (
            entitlement_id uuid NOT NULL REFERENCES entitlement (entitlement_id),
            year integer NOT NULL,
            run_id uuid NOT NULL REFERENCES payment_run (run_id),
            PRIMARY KEY (entitlement_id, year)
        )
    """)


def _line_guards() -> None:
    op.execute("""
        CREATE FUNCTION guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'a payment line is never deleted; reverse it';
            END IF;
            IF (NEW.run_id, NEW.number, NEW.kind, NEW.entitlement_id, NEW.uscc, NEW.scheme,
                NEW.period, NEW.payable_cny, NEW.amount_cny)
               IS DISTINCT FROM
               (OLD.run_id, OLD.number, OLD.kind, OLD.entitlement_id, OLD.uscc, OLD.scheme,
                OLD.period, OLD.payable_cny, OLD.amount_cny) THEN
                RAISE EXCEPTION 'a payment line is never edited; reverse it';
            END IF;
            IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
                ('listed', 'withdrawn'), ('listed', 'paid'), ('listed', 'refused'),
                ('paid', 'reversed'), ('refused', 'reversed'), ('paid', 'clawed_back')
            ) THEN
                RAISE EXCEPTION 'a payment line does not go from % to %', OLD.state, NEW.state;
            END IF;
            RETURN NEW;
        END $$
    """)
    _before_each_row("guard_line", "UPDATE OR DELETE ON payment_line")


def _approvals_and_files() -> None:
    op.execute("""
        CREATE TABLE payment_objection (
            objection_id uuid PRIMARY KEY,
            run_id uuid NOT NULL REFERENCES payment_run (run_id),
            line_id uuid REFERENCES payment_line (line_id),
            reason text NOT NULL,
            raised_by text NOT NULL,
            raised_at timestamptz NOT NULL,
            outcome text CHECK (outcome IN ('upheld', 'dismissed')),
            decision text,
            decided_by text,
            decided_at timestamptz,
            CHECK ((outcome IS NULL) = (decision IS NULL))
        )
    """)
    op.execute("CREATE INDEX payment_objection_run ON payment_objection (run_id)")
    op.execute("""
        CREATE TABLE payment_approval (
            run_id uuid NOT NULL REFERENCES payment_run (run_id),
            revision integer NOT NULL,
            level text NOT NULL,
            role text NOT NULL,
            signed_by text NOT NULL,
            signed_at timestamptz NOT NULL,
            note text,
            PRIMARY KEY (run_id, revision, signed_by)
        )
    """)
    _append_only("payment_approval")
    op.execute("""
        CREATE TABLE payment_file (
            run_id uuid NOT NULL REFERENCES payment_run (run_id),
            format text NOT NULL CHECK (format IN ('csv', 'xlsx')),
            sha256 text NOT NULL,
            content bytea NOT NULL,
            PRIMARY KEY (run_id, format)
        )
    """)
    _append_only("payment_file")
    op.execute(f"""
        CREATE TABLE payment_return (
            run_id uuid NOT NULL REFERENCES payment_run (run_id),
            digest text NOT NULL,
            paid integer NOT NULL,
            paid_cny {MONEY} NOT NULL,
            refused integer NOT NULL,
            refused_cny {MONEY} NOT NULL,
            imported_by text NOT NULL,
            imported_at timestamptz NOT NULL,
            PRIMARY KEY (run_id, digest)
        )
    """)
    _append_only("payment_return")


def _claw_backs() -> None:
    op.execute(f"""
        CREATE TABLE claw_back (
            claw_back_id uuid PRIMARY KEY,
            line_id uuid NOT NULL REFERENCES payment_line (line_id),
            entitlement_id uuid NOT NULL,
            uscc text NOT NULL,
            payer text NOT NULL,
            scheme text NOT NULL,
            ground text NOT NULL CHECK (ground IN ('annulled', 'fraud', 'moved_away')),
            reason text NOT NULL,
            amount_cny {MONEY} NOT NULL CHECK (amount_cny > 0),
            repaid_cny {MONEY} NOT NULL CHECK (repaid_cny BETWEEN 0 AND amount_cny),
            state text NOT NULL CHECK (state IN ('ordered', 'appealed', 'repaid', 'cancelled')),
            ordered_by text NOT NULL,
            ordered_at timestamptz NOT NULL,
            due_on date NOT NULL,
            appeal_until date NOT NULL,
            overdue_at timestamptz,
            ended_at timestamptz,
            CHECK ((state = 'repaid') = (repaid_cny = amount_cny))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX claw_back_once ON claw_back (line_id) WHERE state <> 'cancelled'
    """)
    op.execute("""
        CREATE INDEX claw_back_due ON claw_back (due_on)
        WHERE state = 'ordered' AND overdue_at IS NULL
    """)
    op.execute("CREATE INDEX claw_back_payee ON claw_back (uscc)")
    op.execute("CREATE INDEX claw_back_payer ON claw_back (payer)")
    op.execute(f"""
        CREATE TABLE repayment (
            claw_back_id uuid NOT NULL REFERENCES claw_back (claw_back_id),
            bank_reference text NOT NULL,
            amount_cny {MONEY} NOT NULL CHECK (amount_cny > 0),
            repaid_on date NOT NULL,
            booked_by text NOT NULL,
            booked_at timestamptz NOT NULL,
            PRIMARY KEY (claw_back_id, bank_reference)
        )
    """)
    _append_only("repayment")


def _appeals() -> None:
    op.execute("""
        CREATE TABLE appeal (
            claw_back_id uuid PRIMARY KEY REFERENCES claw_back (claw_back_id),
            reasons text NOT NULL,
            filed_by text NOT NULL,
            filed_at timestamptz NOT NULL,
            decide_by date NOT NULL,
            overdue_at timestamptz,
            outcome text CHECK (outcome IN ('upheld', 'dismissed')),
            decision text,
            decided_by text,
            decided_at timestamptz,
            CHECK ((outcome IS NULL) = (decision IS NULL))
        )
    """)
    op.execute("""
        CREATE INDEX appeal_due ON appeal (decide_by) WHERE outcome IS NULL AND overdue_at IS NULL
    """)
