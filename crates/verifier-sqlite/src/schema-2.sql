-- Version 2: a tenant's key can be replaced. The keys before it are JSON, each with its number and when it was replaced.
ALTER TABLE tenant ADD COLUMN key_number  INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tenant ADD COLUMN former_keys TEXT    NOT NULL DEFAULT '[]';
