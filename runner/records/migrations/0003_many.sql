-- a row once every run folder stands in the index; until then it has to be filled from them
CREATE TABLE filled (at TEXT NOT NULL) STRICT;

-- which runs a run was made from
CREATE TABLE inputs (
    run   TEXT NOT NULL,
    input TEXT NOT NULL,
    PRIMARY KEY (run, input)
) STRICT, WITHOUT ROWID;
CREATE INDEX inputs_of ON inputs (input);

-- whatever is asked for is found without reading other runs, however many there are
DROP INDEX runs_that_serve;
CREATE INDEX runs_that_serve ON runs (workflow, project, submitted_at) WHERE status = 'succeeded';
CREATE INDEX runs_alike ON runs (workflow, fingerprint, submitted_at) WHERE status = 'succeeded';
CREATE INDEX runs_of_workflow ON runs (workflow, project, submitted_at);
CREATE INDEX runs_over ON runs (finished_at) WHERE finished_at IS NOT NULL;
