-- The whole schema. Texts are ordered by their bytes (COLLATE "C"), as they are in SQLite and in this program.
-- Moments are microseconds since 1970. `folded` is the form in which names compare. Ids are unique ids (AIDA...).

CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE account (
    id      TEXT COLLATE "C" PRIMARY KEY,
    created             BIGINT NOT NULL,
    public_access_block BIGINT
);

-- The newest version seals; all versions open.
CREATE TABLE data_key (
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    version BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (account, version)
);

-- Users and groups: whatever policies can be attached to.
CREATE TABLE identity (
    id      TEXT COLLATE "C" PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    kind    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    folded  TEXT COLLATE "C" NOT NULL,
    path    TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (account, kind, folded)
);

-- How many users, groups and policies an account has: quotas are checked at every creation, and counting a million rows
-- would take longer than the creation.
CREATE TABLE population (
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    kind    TEXT COLLATE "C" NOT NULL,
    count   BIGINT NOT NULL CHECK (count >= 0),
    PRIMARY KEY (account, kind)
);

CREATE TABLE membership (
    member TEXT COLLATE "C" NOT NULL REFERENCES identity (id),
    "group" TEXT COLLATE "C" NOT NULL REFERENCES identity (id),
    PRIMARY KEY (member, "group")
);
CREATE INDEX membership_by_group ON membership ("group");

-- `owner` is NULL for keys of root. `generation` is the sequence of the change that made the key.
CREATE TABLE access_key (
    id           TEXT COLLATE "C" PRIMARY KEY,
    account      TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    owner        TEXT COLLATE "C" REFERENCES identity (id),
    status       TEXT COLLATE "C" NOT NULL,
    created      BIGINT NOT NULL,
    generation   BIGINT NOT NULL,
    sealed       BYTEA NOT NULL,
    used_at      BIGINT,
    used_service TEXT COLLATE "C",
    used_region  TEXT COLLATE "C"
);
CREATE INDEX access_key_by_owner ON access_key (owner);
CREATE INDEX access_key_of_root ON access_key (account) WHERE owner IS NULL;

-- `last_version` is the highest number ever given. `attachments` counts the rows of `attachment`, which may be as many
-- as there are users.
CREATE TABLE managed_policy (
    id              TEXT COLLATE "C" PRIMARY KEY,
    account         TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name            TEXT COLLATE "C" NOT NULL,
    folded          TEXT COLLATE "C" NOT NULL,
    path            TEXT COLLATE "C" NOT NULL,
    description     TEXT COLLATE "C",
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL,
    default_version BIGINT NOT NULL,
    last_version    BIGINT NOT NULL,
    attachments     BIGINT NOT NULL DEFAULT 0,
    boundaries      BIGINT NOT NULL DEFAULT 0,
    UNIQUE (account, folded)
);

CREATE TABLE policy_version (
    policy   TEXT COLLATE "C" NOT NULL REFERENCES managed_policy (id),
    number   BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    created  BIGINT NOT NULL,
    PRIMARY KEY (policy, number)
);

CREATE TABLE attachment (
    identity TEXT COLLATE "C" NOT NULL REFERENCES identity (id),
    policy   TEXT COLLATE "C" NOT NULL REFERENCES managed_policy (id),
    PRIMARY KEY (identity, policy)
);
CREATE INDEX attachment_by_policy ON attachment (policy);

CREATE TABLE inline_policy (
    identity TEXT COLLATE "C" NOT NULL REFERENCES identity (id),
    folded   TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (identity, folded)
);

-- `resource` is an identity or a managed policy, and is deleted with it.
CREATE TABLE tag (
    resource TEXT COLLATE "C" NOT NULL,
    folded   TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (resource, folded)
);

-- What snapshots follow.
CREATE TABLE change (
    sequence BIGINT PRIMARY KEY,
    kind     TEXT COLLATE "C" NOT NULL,
    id       TEXT COLLATE "C" NOT NULL
);

-- One row: the place of the latest change. Whoever writes anything locks it first, so that changes are committed in the
-- order of their places and nobody who follows misses one.
CREATE TABLE feed (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    value BIGINT NOT NULL
);
INSERT INTO feed (one, value) VALUES (1, 0);

-- Buckets that an account of ours made or keeps settings of; the others belong to the account that the configuration
-- names. `public_access_block` is four bits, NULL for none.
CREATE TABLE bucket (
    name                TEXT COLLATE "C" PRIMARY KEY,
    account             TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    created             BIGINT NOT NULL,
    policy              TEXT COLLATE "C",
    public_access_block BIGINT
);
CREATE INDEX bucket_by_account ON bucket (account);


-- The managed policy that is the permissions boundary of a user. `boundaries` counts the rows for each policy, which may
-- be as many as there are users.
CREATE TABLE boundary (
    identity TEXT COLLATE "C" PRIMARY KEY REFERENCES identity (id),
    policy   TEXT COLLATE "C" NOT NULL REFERENCES managed_policy (id)
);
CREATE INDEX boundary_by_policy ON boundary (policy);


-- What a role has beside what every identity has. `trust` is the document that says who may take it.
CREATE TABLE role (
    identity            TEXT COLLATE "C" PRIMARY KEY REFERENCES identity (id),
    trust               TEXT COLLATE "C" NOT NULL,
    description         TEXT COLLATE "C",
    session_seconds_max BIGINT NOT NULL
);

-- Whatever else an account keeps, each kind with its own `details` in JSON: devices, certificates, profiles, providers.
-- `owner` is the identity that it belongs to, NULL for the account or its root.
CREATE TABLE item (
    id      TEXT COLLATE "C" PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    kind    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    folded  TEXT COLLATE "C" NOT NULL,
    path    TEXT COLLATE "C" NOT NULL,
    owner   TEXT COLLATE "C" REFERENCES identity (id),
    created BIGINT NOT NULL,
    details TEXT COLLATE "C" NOT NULL,
    sealed  BYTEA,
    UNIQUE (account, kind, folded)
);
CREATE INDEX item_by_owner ON item (owner, kind);
CREATE INDEX item_by_name ON item (kind, folded);
