-- Sessions that were ended before their time, by their access key ids; kept until they would have ended anyway.
CREATE TABLE ended_session (
    access_key TEXT COLLATE "C" PRIMARY KEY,
    account    TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    until      BIGINT NOT NULL
);
