-- Self-tests that arrived: the doctor looks here for the nonce it sent to the public callback URL.

CREATE TABLE selftests (
    nonce TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL
);
CREATE INDEX selftests_by_time ON selftests (at);
