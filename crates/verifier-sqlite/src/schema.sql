-- Version 1. A version that was released is never changed: the next one is a file of its own.
CREATE TABLE tenant (
  name        TEXT    NOT NULL PRIMARY KEY,
  revision    INTEGER NOT NULL,
  policy      TEXT    NOT NULL,
  kek         TEXT    NOT NULL,
  wrapped_key BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE subject (
  tenant        TEXT    NOT NULL,
  user          TEXT    NOT NULL,
  created_at    INTEGER NOT NULL,
  email         BLOB,
  shared        INTEGER NOT NULL,
  must_enrol    INTEGER NOT NULL,
  email_allowed INTEGER NOT NULL,
  PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;

-- What never changes of a factor, challenge or ticket is its body; what does, or guards, is a column.
CREATE TABLE factor (
  n             INTEGER NOT NULL PRIMARY KEY,
  tenant        TEXT    NOT NULL,
  user          TEXT    NOT NULL,
  id            TEXT    NOT NULL,
  method        TEXT    NOT NULL,
  generation    INTEGER NOT NULL,
  state         TEXT    NOT NULL,
  pending_until INTEGER NOT NULL,
  last_step     INTEGER,
  drift         INTEGER NOT NULL,
  last_used     INTEGER,
  body          TEXT    NOT NULL,
  UNIQUE (tenant, user, id)
) STRICT;
CREATE INDEX factor_waiting ON factor (pending_until) WHERE state IN ('pending', 'validated');

CREATE TABLE recovery_set (
  tenant     TEXT    NOT NULL,
  user       TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery (
  n          INTEGER NOT NULL PRIMARY KEY,
  tenant     TEXT    NOT NULL,
  user       TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  selector   TEXT    NOT NULL,
  hash       TEXT    NOT NULL,
  used_at    INTEGER,
  UNIQUE (tenant, user, id)
) STRICT;

CREATE TABLE trust (
  n          INTEGER NOT NULL PRIMARY KEY,
  tenant     TEXT    NOT NULL,
  user       TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  tag        TEXT    NOT NULL,
  former_tag TEXT,
  rotated_at INTEGER NOT NULL,
  last_used  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  UNIQUE (tenant, user, id)
) STRICT;

CREATE TABLE challenge (
  tenant      TEXT    NOT NULL,
  user        TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  expires_at  INTEGER NOT NULL,
  method      TEXT    NOT NULL,
  factor      TEXT,
  sends       INTEGER NOT NULL,
  sent_at     INTEGER,
  code_tag    TEXT,
  code_until  INTEGER,
  state       TEXT    NOT NULL, -- open, cancelled, answered
  request_tag TEXT,
  decision    TEXT,
  answered_at INTEGER,
  body        TEXT    NOT NULL,
  PRIMARY KEY (tenant, user, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_end ON challenge (expires_at);

CREATE TABLE proof (
  tenant     TEXT    NOT NULL,
  user       TEXT    NOT NULL,
  tag        TEXT    NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER,
  PRIMARY KEY (tenant, user, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX proof_end ON proof (expires_at);

CREATE TABLE ticket (
  tenant          TEXT    NOT NULL,
  user            TEXT    NOT NULL,
  id              TEXT    NOT NULL,
  issued_by       TEXT    NOT NULL,
  expires_at      INTEGER NOT NULL,
  awaits_approval INTEGER NOT NULL,
  used_at         INTEGER,
  body            TEXT    NOT NULL,
  PRIMARY KEY (tenant, user, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_end ON ticket (expires_at);

CREATE TABLE budget (
  tenant       TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  window_start INTEGER NOT NULL,
  used         INTEGER NOT NULL,
  consecutive  INTEGER NOT NULL,
  locked_until INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision (
  tenant TEXT NOT NULL,
  id     TEXT NOT NULL,
  body   TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  tenant   TEXT    NOT NULL,
  sequence INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  body     TEXT    NOT NULL,
  hash     TEXT    NOT NULL,
  PRIMARY KEY (tenant, sequence)
) STRICT, WITHOUT ROWID;
