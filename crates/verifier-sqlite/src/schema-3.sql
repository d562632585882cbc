-- Version 3: what a named request came to, for as long as the same request is known again. The tag of an answer's own
-- request, in `challenge`, is written no more.
CREATE TABLE reply (
  tenant  TEXT    NOT NULL,
  user    TEXT    NOT NULL,
  request TEXT    NOT NULL,
  until   INTEGER NOT NULL,
  sealed  BLOB    NOT NULL,
  PRIMARY KEY (tenant, user, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX reply_end ON reply (until);
