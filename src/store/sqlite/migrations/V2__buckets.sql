-- Buckets that an account of ours made or keeps settings of; the others belong to the account that the configuration
-- names. `public_access_block` is four bits, NULL for none.
CREATE TABLE bucket (
    name                TEXT PRIMARY KEY,
    account             TEXT NOT NULL REFERENCES account (id),
    created             INTEGER NOT NULL,
    policy              TEXT,
    public_access_block INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_by_account ON bucket (account);

ALTER TABLE account ADD COLUMN public_access_block INTEGER;
