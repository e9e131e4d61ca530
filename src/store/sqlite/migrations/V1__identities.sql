-- Moments are microseconds since 1970. `folded` is the form in which names compare. Ids are unique ids (AIDA...).

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    id      TEXT PRIMARY KEY,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest version seals; all versions open.
CREATE TABLE data_key (
    account TEXT NOT NULL REFERENCES account (id),
    version INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (account, version)
) STRICT, WITHOUT ROWID;

-- Users and groups: whatever policies can be attached to.
CREATE TABLE identity (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    folded  TEXT NOT NULL,
    path    TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (account, kind, folded)
) STRICT, WITHOUT ROWID;

-- How many users, groups and policies an account has: quotas are checked at every creation, and counting a million rows
-- would take longer than the creation.
CREATE TABLE population (
    account TEXT NOT NULL REFERENCES account (id),
    kind    TEXT NOT NULL,
    count   INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (account, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    member TEXT NOT NULL REFERENCES identity (id),
    "group" TEXT NOT NULL REFERENCES identity (id),
    PRIMARY KEY (member, "group")
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_by_group ON membership ("group");

-- `owner` is NULL for keys of root. `generation` is the sequence of the change that made the key.
CREATE TABLE access_key (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (id),
    owner        TEXT REFERENCES identity (id),
    status       TEXT NOT NULL,
    created      INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    sealed       BLOB NOT NULL,
    used_at      INTEGER,
    used_service TEXT,
    used_region  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX access_key_by_owner ON access_key (owner);
CREATE INDEX access_key_of_root ON access_key (account) WHERE owner IS NULL;

-- `last_version` is the highest number ever given. `attachments` counts the rows of `attachment`, which may be as many
-- as there are users.
CREATE TABLE managed_policy (
    id              TEXT PRIMARY KEY,
    account         TEXT NOT NULL REFERENCES account (id),
    name            TEXT NOT NULL,
    folded          TEXT NOT NULL,
    path            TEXT NOT NULL,
    description     TEXT,
    created         INTEGER NOT NULL,
    updated         INTEGER NOT NULL,
    default_version INTEGER NOT NULL,
    last_version    INTEGER NOT NULL,
    attachments     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, folded)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_version (
    policy   TEXT NOT NULL REFERENCES managed_policy (id),
    number   INTEGER NOT NULL,
    document TEXT NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (policy, number)
) STRICT;

CREATE TABLE attachment (
    identity TEXT NOT NULL REFERENCES identity (id),
    policy   TEXT NOT NULL REFERENCES managed_policy (id),
    PRIMARY KEY (identity, policy)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_by_policy ON attachment (policy);

CREATE TABLE inline_policy (
    identity TEXT NOT NULL REFERENCES identity (id),
    folded   TEXT NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (identity, folded)
) STRICT;

-- `resource` is an identity or a managed policy, and is deleted with it.
CREATE TABLE tag (
    resource TEXT NOT NULL,
    folded   TEXT NOT NULL,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (resource, folded)
) STRICT, WITHOUT ROWID;

-- What snapshots follow. AUTOINCREMENT: a sequence is never given twice, even after old rows are gone.
CREATE TABLE change (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL
) STRICT;
