BEGIN TRANSACTION;
CREATE TABLE runs (
    name         TEXT PRIMARY KEY,
    workflow     TEXT NOT NULL,
    executor     TEXT NOT NULL,
    status       TEXT NOT NULL,
    reason       TEXT,
    exit_code    INTEGER,
    submitted_at TEXT NOT NULL,
    started_at   TEXT,
    finished_at  TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "runs" VALUES('calm-fox-1','prepare','local','running',NULL,NULL,'2024-05-03T10:00:00.000Z','2024-05-03T10:00:01.000Z',NULL);
INSERT INTO "runs" VALUES('wet-mango-1','train','local','succeeded',NULL,0,'2024-05-01T10:00:00.000Z','2024-05-01T10:00:01.000Z','2024-05-01T10:01:00.000Z');
INSERT INTO "runs" VALUES('wet-mango-2','train','local','failed','exit_code',3,'2024-05-02T10:00:00.000Z','2024-05-02T10:00:01.000Z','2024-05-02T10:01:00.000Z');
CREATE INDEX runs_by_time ON runs (submitted_at);
CREATE INDEX runs_unfinished ON runs (submitted_at) WHERE finished_at IS NULL;
PRAGMA user_version = 1;
COMMIT;
