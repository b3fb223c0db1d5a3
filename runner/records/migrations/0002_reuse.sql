ALTER TABLE runs ADD COLUMN project TEXT;
ALTER TABLE runs ADD COLUMN fingerprint TEXT;

-- runs that may serve others, without reading all the rest
CREATE INDEX runs_that_serve ON runs (workflow, submitted_at) WHERE status = 'succeeded';
