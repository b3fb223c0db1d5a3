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

-- the newest runs, and those that are not over: what is listed without reading the rest
CREATE INDEX runs_by_time ON runs (submitted_at);
CREATE INDEX runs_unfinished ON runs (submitted_at) WHERE finished_at IS NULL;
