-- Version 2: what a named request came to, for as long as the same request is known again. The tag of an answer's own
-- request, in `challenge`, is written no more.
CREATE TABLE reply (
  tenant   BYTEA  NOT NULL,
  username BYTEA  NOT NULL,
  request  TEXT   NOT NULL,
  until    BIGINT NOT NULL,
  sealed   BYTEA  NOT NULL,
  PRIMARY KEY (tenant, username, request)
);
CREATE INDEX reply_end ON reply (until);
