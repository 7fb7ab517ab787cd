"""Tokens day by day: hashes come at random, and so a commit changed a page of their index for nearly every ticket."""

STATEMENTS = (
    "DROP INDEX tickets_by_token",
    "CREATE INDEX tickets_by_token ON tickets (date, token_sha256) WHERE token_sha256 IS NOT NULL",
)
