/** The tables of a history in SQLite. A new version of them has a step of its own that makes it out of the one before. */

/** `PRAGMA user_version` of this form. */
export const SCHEMA_VERSION = 1;

/** Makes the tables in an empty database. */
export const CREATE_TABLES = `
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  daemon TEXT NOT NULL,
  user TEXT,
  common_name TEXT,
  username TEXT,
  address TEXT,
  virtual4 TEXT,
  virtual6 TEXT,
  started INTEGER NOT NULL,
  ended INTEGER,
  updated INTEGER NOT NULL,
  received INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  lost INTEGER,
  reason TEXT,
  version TEXT,
  platform TEXT,
  cipher TEXT
) STRICT;
CREATE INDEX session_time ON session (started, id, ended);
CREATE INDEX session_daemon ON session (daemon, started, id, ended);
CREATE INDEX session_user ON session (user, started, id, ended);
CREATE INDEX session_common_name ON session (common_name, started, id, ended) WHERE username IS NOT NULL;
CREATE INDEX session_ended ON session (ended);
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  time INTEGER NOT NULL,
  daemon TEXT,
  user TEXT,
  address TEXT,
  what TEXT NOT NULL,
  level TEXT,
  status TEXT,
  detail TEXT
) STRICT;
CREATE INDEX event_kind ON event (kind, time, id);
CREATE INDEX event_user ON event (user, kind, time, id) WHERE user IS NOT NULL;
CREATE INDEX event_daemon ON event (daemon, kind, time, id);
CREATE INDEX event_time ON event (time);
CREATE TABLE traffic (
  day INTEGER NOT NULL,
  user TEXT NOT NULL,
  daemon TEXT NOT NULL,
  received INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  PRIMARY KEY (day, user, daemon)
) STRICT, WITHOUT ROWID;
CREATE INDEX traffic_user ON traffic (user, day);
CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO numbers VALUES ('last-session', 0);
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Columns of a session, in the order in which they are written. */
export const SESSION_COLUMNS = [
  'id',
  'daemon',
  'user',
  'common_name',
  'username',
  'address',
  'virtual4',
  'virtual6',
  'started',
  'ended',
  'updated',
  'received',
  'sent',
  'lost',
  'reason',
  'version',
  'platform',
  'cipher',
] as const;

/** Columns of an event that are given; the database gives its id. */
export const EVENT_COLUMNS = ['kind', 'time', 'daemon', 'user', 'address', 'what', 'level', 'status', 'detail'] as const;
