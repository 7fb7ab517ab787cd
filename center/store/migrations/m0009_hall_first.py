"""Rollups hall by hall, so that a hall's day lies in a few pages; five days and months have rows once they are over.

Nothing is counted anew: what stands in the rows is carried over, in the order of their new keys. Only where a row of
times can't be read all is, right after.
"""

_OLD_FIRST = """FROM running AS known
    CROSS JOIN (SELECT DISTINCT grain, dimension, span FROM {table}) AS part
    CROSS JOIN {table} AS old ON old.grain = part.grain AND old.dimension = part.dimension AND old.span = part.span
    AND old.hall = known.hall WHERE old.grain = 'day' OR old.span < substr(known.five, 1, 7)"""
_FIVE_OF = "substr(span, 1, 8) || substr('010611162126', min((substr(span, 9) - 1) / 5, 5) * 2 + 1, 2)"
_OVER = f"JOIN running USING (hall) WHERE grain = 'day' AND span < five GROUP BY hall, dimension, {_FIVE_OF}, key"
_COUNTS = "served, grade_1, grade_2, grade_3, grade_4, grade_5, aside"
_NEWEST = """SELECT hall, max(date) AS span FROM (
    SELECT hall, date FROM tickets UNION ALL SELECT hall, called_date FROM tickets
    UNION ALL SELECT hall, date FROM window_days UNION ALL SELECT hall, NULL FROM runs) GROUP BY hall"""
_SUMS = ", ".join(f"sum({name})" for name in _COUNTS.split(", "))

STATEMENTS = (
    # The last five days that a hall's tickets or windows tell of, empty where there are none; what is before is over.
    "CREATE TABLE running (hall TEXT PRIMARY KEY, five TEXT NOT NULL) WITHOUT ROWID",
    f"INSERT INTO running (hall, five) SELECT hall, coalesce({_FIVE_OF}, '') FROM ({_NEWEST})",  # noqa: S608 - our names
    """CREATE TABLE ratings_by_hall (
        hall TEXT NOT NULL, grain TEXT NOT NULL, dimension TEXT NOT NULL, span TEXT NOT NULL, key TEXT NOT NULL,
        served INTEGER NOT NULL, grade_1 INTEGER NOT NULL, grade_2 INTEGER NOT NULL, grade_3 INTEGER NOT NULL,
        grade_4 INTEGER NOT NULL, grade_5 INTEGER NOT NULL, aside INTEGER NOT NULL,
        PRIMARY KEY (hall, grain, dimension, span, key)) WITHOUT ROWID""",
    f"""INSERT INTO ratings_by_hall (hall, grain, dimension, span, key, {_COUNTS})
    SELECT old.hall, old.grain, old.dimension, old.span, key, {_COUNTS} {_OLD_FIRST.format(table="ratings_rollup")}""",
    f"""INSERT INTO ratings_by_hall (hall, grain, dimension, span, key, {_COUNTS})
    SELECT hall, 'five', dimension, {_FIVE_OF}, key, {_SUMS} FROM ratings_by_hall {_OVER}""",  # noqa: S608 - our names
    "DROP TABLE ratings_rollup",
    "ALTER TABLE ratings_by_hall RENAME TO ratings_rollup",
    """CREATE TABLE times_by_hall (
        hall TEXT NOT NULL, grain TEXT NOT NULL, dimension TEXT NOT NULL, span TEXT NOT NULL, key TEXT NOT NULL,
        counts BLOB NOT NULL, PRIMARY KEY (hall, grain, dimension, span, key)) WITHOUT ROWID""",
    f"""INSERT INTO times_by_hall (hall, grain, dimension, span, key, counts)
    SELECT old.hall, old.grain, old.dimension, old.span, key, counts {_OLD_FIRST.format(table="times_rollup")}""",
    f"""INSERT INTO times_by_hall (hall, grain, dimension, span, key, counts)
    SELECT hall, 'five', dimension, {_FIVE_OF}, key, together_if_readable(dimension, counts)
    FROM times_by_hall {_OVER}""",  # noqa: S608 - our names
    "DELETE FROM counted WHERE EXISTS (SELECT 1 FROM times_by_hall WHERE grain = 'five' AND counts = x'')",
    "DROP TABLE times_rollup",
    "ALTER TABLE times_by_hall RENAME TO times_rollup",
)
