-- Sessions that were ended before their time, by their access key ids; kept until they would have ended anyway.
CREATE TABLE ended_session (
    access_key TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES account (id),
    until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
