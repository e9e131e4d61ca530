-- What a role has beside what every identity has. `trust` is the document that says who may take it.
CREATE TABLE role (
    identity            TEXT PRIMARY KEY REFERENCES identity (id),
    trust               TEXT NOT NULL,
    description         TEXT,
    session_seconds_max INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whatever else an account keeps, each kind with its own `details` in JSON: devices, certificates, profiles, providers.
-- `owner` is the identity that it belongs to, NULL for the account or its root.
CREATE TABLE item (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    folded  TEXT NOT NULL,
    path    TEXT NOT NULL,
    owner   TEXT REFERENCES identity (id),
    created INTEGER NOT NULL,
    details TEXT NOT NULL,
    sealed  BLOB,
    UNIQUE (account, kind, folded)
) STRICT;
CREATE INDEX item_by_owner ON item (owner, kind);
CREATE INDEX item_by_name ON item (kind, folded);
