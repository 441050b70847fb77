-- Companies that mail is exchanged with in encrypted form, their keys and our own. Opaque: what is sealed binds id,
-- partner and state, so that a row nobody vouched for opens nothing.

CREATE TABLE partners (
    id         TEXT PRIMARY KEY,
    tag        BLOB NOT NULL UNIQUE,
    sealed     BLOB NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Domains and addresses, as keyed hashes: one partner each.
CREATE TABLE partner_places (
    tag        BLOB PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id)
);
CREATE INDEX partner_places_of ON partner_places (partner_id);

CREATE TABLE partner_keys (
    id         TEXT PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    state      TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX partner_keys_of ON partner_keys (partner_id);

CREATE TABLE own_keys (
    id            TEXT PRIMARY KEY,
    state         TEXT NOT NULL,
    public_sealed BLOB NOT NULL,
    secret_sealed BLOB NOT NULL,
    changed_at    BIGINT NOT NULL
);
