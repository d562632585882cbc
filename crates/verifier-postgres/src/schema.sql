-- Version 1. A version that was released is never changed: the next one is a file of its own.
-- Names that callers give (tenants, users, budgets, administrators) are bytes: no collation orders or merges them,
-- and every one of their characters is kept. They are compared with plain literals: WHERE tenant = 'acme'.
CREATE TABLE tenant (
  name        BYTEA  NOT NULL PRIMARY KEY,
  revision    BIGINT NOT NULL,
  policy      TEXT   NOT NULL,
  kek         TEXT   NOT NULL,
  key_number  BIGINT NOT NULL,
  wrapped_key BYTEA  NOT NULL,
  former_keys TEXT   NOT NULL -- JSON: each key's number, the key, when it was replaced
);

-- The end of each tenant's audit chain. Whoever writes for a tenant locks its row first: one after the other, in every
-- process, so that two writers of a tenant never wait for each other in a circle.
CREATE TABLE chain (
  tenant   BYTEA  NOT NULL PRIMARY KEY,
  sequence BIGINT NOT NULL,
  hash     TEXT   NOT NULL
);

CREATE TABLE subject (
  tenant        BYTEA   NOT NULL,
  username      BYTEA   NOT NULL,
  created_at    BIGINT  NOT NULL,
  email         BYTEA,
  shared        BOOLEAN NOT NULL,
  must_enrol    BOOLEAN NOT NULL,
  email_allowed BOOLEAN NOT NULL,
  PRIMARY KEY (tenant, username)
);

-- What never changes of a factor, challenge or ticket is its body; what does, or guards, is a column. The order in
-- which a user's records came is n, counted within the user.
CREATE TABLE factor (
  tenant        BYTEA  NOT NULL,
  username      BYTEA  NOT NULL,
  id            TEXT   NOT NULL,
  n             BIGINT NOT NULL,
  method        TEXT   NOT NULL,
  generation    BIGINT NOT NULL,
  state         TEXT   NOT NULL,
  pending_until BIGINT NOT NULL,
  last_step     BIGINT,
  drift         BIGINT NOT NULL,
  last_used     BIGINT,
  body          TEXT   NOT NULL,
  PRIMARY KEY (tenant, username, id)
);
CREATE INDEX factor_waiting ON factor (pending_until) WHERE state IN ('pending', 'validated');

CREATE TABLE recovery_set (
  tenant     BYTEA  NOT NULL,
  username   BYTEA  NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (tenant, username)
);

CREATE TABLE recovery (
  tenant     BYTEA  NOT NULL,
  username   BYTEA  NOT NULL,
  id         TEXT   NOT NULL,
  n          BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  selector   TEXT   NOT NULL,
  hash       TEXT   NOT NULL,
  used_at    BIGINT,
  PRIMARY KEY (tenant, username, id)
);

CREATE TABLE trust (
  tenant     BYTEA  NOT NULL,
  username   BYTEA  NOT NULL,
  id         TEXT   NOT NULL,
  n          BIGINT NOT NULL,
  kind       TEXT   NOT NULL,
  tag        TEXT   NOT NULL,
  former_tag TEXT,
  rotated_at BIGINT NOT NULL,
  last_used  BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, username, id)
);

CREATE TABLE challenge (
  tenant      BYTEA  NOT NULL,
  username    BYTEA  NOT NULL,
  id          TEXT   NOT NULL,
  expires_at  BIGINT NOT NULL,
  method      TEXT   NOT NULL,
  factor      TEXT,
  sends       BIGINT NOT NULL,
  sent_at     BIGINT,
  code_tag    TEXT,
  code_until  BIGINT,
  state       TEXT   NOT NULL, -- open, cancelled, answered
  request_tag TEXT,
  decision    TEXT,
  answered_at BIGINT,
  body        TEXT   NOT NULL,
  PRIMARY KEY (tenant, username, id)
);
CREATE INDEX challenge_end ON challenge (expires_at);

CREATE TABLE proof (
  tenant     BYTEA  NOT NULL,
  username   BYTEA  NOT NULL,
  tag        TEXT   NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT,
  PRIMARY KEY (tenant, username, tag)
);
CREATE INDEX proof_end ON proof (expires_at);

CREATE TABLE ticket (
  tenant          BYTEA   NOT NULL,
  username        BYTEA   NOT NULL,
  id              TEXT    NOT NULL,
  issued_by       BYTEA   NOT NULL,
  expires_at      BIGINT  NOT NULL,
  awaits_approval BOOLEAN NOT NULL,
  used_at         BIGINT,
  body            TEXT    NOT NULL,
  PRIMARY KEY (tenant, username, id)
);
CREATE INDEX ticket_end ON ticket (expires_at);

CREATE TABLE budget (
  tenant       BYTEA  NOT NULL,
  name         BYTEA  NOT NULL,
  window_start BIGINT NOT NULL,
  used         BIGINT NOT NULL,
  consecutive  BIGINT NOT NULL,
  locked_until BIGINT NOT NULL,
  keeps_rows   BOOLEAN NOT NULL, -- BudgetKey::keeps_rows
  PRIMARY KEY (tenant, name)
);
CREATE INDEX budget_window ON budget (window_start);

CREATE TABLE decision (
  tenant BYTEA NOT NULL,
  id     TEXT  NOT NULL,
  body   TEXT  NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE audit (
  tenant   BYTEA  NOT NULL,
  sequence BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  body     TEXT   NOT NULL,
  hash     TEXT   NOT NULL,
  PRIMARY KEY (tenant, sequence)
);
