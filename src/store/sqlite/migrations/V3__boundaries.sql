-- The managed policy that is the permissions boundary of a user. `boundaries` counts the rows for each policy, which may
-- be as many as there are users.
CREATE TABLE boundary (
    identity TEXT PRIMARY KEY REFERENCES identity (id),
    policy   TEXT NOT NULL REFERENCES managed_policy (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX boundary_by_policy ON boundary (policy);

ALTER TABLE managed_policy ADD COLUMN boundaries INTEGER NOT NULL DEFAULT 0;
