-- The state database. Each step runs once, in order, in the transaction that records it.
-- `{schema}` is the schema's name, in quotes.

-- step 1
CREATE TABLE {schema}.patch (
    database text COLLATE "C" NOT NULL,
    major bigint NOT NULL,
    minor bigint NOT NULL,
    point bigint NOT NULL,
    file text NOT NULL,
    kind text NOT NULL,
    "user" text NOT NULL,
    description text NOT NULL,
    checksum text NOT NULL,
    algorithm text NOT NULL DEFAULT 'sha256',
    state text NOT NULL CHECK (state IN ('intent', 'committing', 'applied', 'adopted')),
    attempt integer NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    login_role text NOT NULL DEFAULT session_user,
    application_name text NOT NULL,
    branch text,
    revision_number bigint,
    revision_id text,
    tool_version text NOT NULL,
    sqlstate text,
    message text,
    PRIMARY KEY (database, major, minor, point)
);
COMMENT ON TABLE {schema}.patch IS 'The patches of each database: what is applied, what was begun, what failed last.';
COMMENT ON COLUMN {schema}.patch.database IS 'Physical database, followed by /schema where the patches own only a schema.';
COMMENT ON COLUMN {schema}.patch.major IS 'With minor and point, the version. It orders the patches of a database.';
COMMENT ON COLUMN {schema}.patch.file IS 'The file when it was last run; it may move and be renamed afterwards.';
COMMENT ON COLUMN {schema}.patch.checksum IS 'Digest of the text that was run, in hexadecimal.';
COMMENT ON COLUMN {schema}.patch.state IS
    'intent: begun or failed, nothing is committed. committing: about to be committed, see run.xid. '
    'applied: committed. adopted: recorded without running.';
COMMENT ON COLUMN {schema}.patch.attempt IS 'How many times it was begun.';
COMMENT ON COLUMN {schema}.patch.sqlstate IS 'Why the last attempt failed; null if it did not.';
CREATE TABLE {schema}.run (
    database text COLLATE "C" NOT NULL,
    major bigint NOT NULL,
    minor bigint NOT NULL,
    point bigint NOT NULL,
    node text NOT NULL DEFAULT '',
    attempt integer NOT NULL,
    state text NOT NULL CHECK (state IN ('intent', 'committing', 'applied')),
    system_identifier text,
    timeline text,
    database_oid bigint,
    xid bigint,
    statements_done integer NOT NULL DEFAULT 0,
    statements_digest text,
    begun integer,
    existed boolean,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (database, major, minor, point, node),
    FOREIGN KEY (database, major, minor, point) REFERENCES {schema}.patch ON DELETE CASCADE
);
COMMENT ON TABLE {schema}.run IS 'Where a patch ran: one row, with node empty, on a single server; one for each node of a cluster.';
COMMENT ON COLUMN {schema}.run.system_identifier IS 'pg_control_system() of the server that ran it.';
COMMENT ON COLUMN {schema}.run.timeline IS 'The timeline of that server, eight hexadecimal digits.';
COMMENT ON COLUMN {schema}.run.xid IS 'The transaction; pg_xact_status(xid) tells whether it was committed.';
COMMENT ON COLUMN {schema}.run.statements_done IS 'How many statements of a concurrent patch are through.';
COMMENT ON COLUMN {schema}.run.statements_digest IS 'FNV-1a of their text, which tells whether they were edited since.';
COMMENT ON COLUMN {schema}.run.begun IS 'The statement, counted from 0, that was begun outside a transaction; null when none is.';
COMMENT ON COLUMN {schema}.run.existed IS 'Whether what that statement makes was there before.';
