"""Ways from a figure to what is behind it: the bad ratings of a hall, and the tickets of a day."""

STATEMENTS = (
    # Two in a hundred, looked for every day: a bad rating is never found by reading the good ones.
    "CREATE INDEX runs_bad ON runs (hall, date) WHERE grade <= 2",
    "CREATE INDEX tickets_by_date ON tickets (hall, coalesce(date, called_date))",
)
