"""Accounts and transactions; balances and lines that only the database itself writes."""

from __future__ import annotations

from servicekit import migrations

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE accounts (
    id text PRIMARY KEY,
    data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object')
);
CREATE INDEX accounts_data ON accounts USING gin (data jsonb_path_ops);

-- A transaction is one row, its lines included, so that reading needs no join and a repeat is one comparison.
CREATE TABLE transactions (
    id text PRIMARY KEY,
    "timestamp" timestamp(3) NOT NULL,
    data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object'),
    lines json NOT NULL CHECK (json_typeof(lines) = 'array')
);
CREATE INDEX transactions_data ON transactions USING gin (data jsonb_path_ops);
CREATE INDEX transactions_time ON transactions ("timestamp", id);

-- The same lines for reading an account over time.
CREATE TABLE lines (
    transaction_id text NOT NULL REFERENCES transactions,
    number integer NOT NULL,
    account_id text NOT NULL REFERENCES accounts,
    "timestamp" timestamp(3) NOT NULL,
    delta bigint NOT NULL,
    PRIMARY KEY (transaction_id, number)
);
CREATE INDEX lines_account ON lines (account_id, "timestamp") INCLUDE (delta);

-- An account's balance is the sum of its slots. Sessions write to different slots, so that posts to an account that
-- everybody uses do not wait for each other. The space left in each page lets an update stay in it (HOT).
CREATE TABLE balances (
    account_id text NOT NULL REFERENCES accounts,
    slot smallint NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (account_id, slot)
) WITH (fillfactor = 50);

-- A number that a JSON value holds, as a number or as its text; NULL for anything else, where a cast would fail.
CREATE FUNCTION json_number(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN value::float8
        WHEN 'string' THEN CASE
            WHEN value #>> '{}' ~ '^\\s*[-+]?(\\d{1,18}\\.?\\d{0,18}|\\.\\d{1,18})([eE][-+]?\\d{1,2})?\\s*$'
            THEN (value #>> '{}')::float8
        END
    END
$$;

CREATE FUNCTION post_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    accounts_used text[];
BEGIN
    SELECT coalesce(sum(delta), 0), array_agg(DISTINCT account ORDER BY account)
        INTO total, accounts_used
        FROM json_to_recordset(new.lines) AS line (account text, delta numeric);
    IF total <> 0 THEN
        RAISE EXCEPTION 'the lines of transaction % add up to %, not to 0', new.id, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_zero_sum';
    END IF;
    -- Always in the order of accounts: sessions that wait for each other never do so in a circle.
    INSERT INTO accounts (id) SELECT unnest(accounts_used) ON CONFLICT DO NOTHING;
    INSERT INTO lines (transaction_id, number, account_id, "timestamp", delta)
        SELECT new.id, line.number, line.value ->> 'account', new."timestamp", (line.value ->> 'delta')::bigint
        FROM json_array_elements(new.lines) WITH ORDINALITY AS line (value, number);
    INSERT INTO balances AS balance (account_id, slot, amount)
        SELECT account, pg_backend_pid() % 16, sum(delta)
        FROM json_to_recordset(new.lines) AS line (account text, delta numeric)
        GROUP BY account ORDER BY account
        ON CONFLICT (account_id, slot) DO UPDATE SET amount = balance.amount + excluded.amount;
    RETURN NULL;
END
$$;
CREATE TRIGGER post_lines AFTER INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION post_lines();

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what was posted stays; post its reversal', tg_op, tg_table_name
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER immutable BEFORE UPDATE OF id, "timestamp", lines ON transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER permanent BEFORE DELETE OR TRUNCATE ON transactions FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON lines FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER derived BEFORE INSERT ON lines
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse();
CREATE TRIGGER derived BEFORE INSERT OR UPDATE ON balances
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse();
CREATE TRIGGER permanent BEFORE DELETE OR TRUNCATE ON balances FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""


def upgrade() -> None:
    """Create everything."""
    migrations.run(SCHEMA)
