"""Rollups hall by hall, so that a hall's day lies in a few pages; months that run have no rows of their own.

Nothing is counted anew: what stands in the rows is carried over, in the order of their new keys.
"""

_OLD_FIRST = """FROM running_months AS known
    CROSS JOIN (SELECT DISTINCT grain, dimension, span FROM {table}) AS part
    CROSS JOIN {table} AS old ON old.grain = part.grain AND old.dimension = part.dimension AND old.span = part.span
    AND old.hall = known.hall WHERE old.grain = 'day' OR old.span < known.month"""
_COUNTS = "served, grade_1, grade_2, grade_3, grade_4, grade_5, aside"

STATEMENTS = (
    # The last month that a hall's tickets or windows tell of, empty where there is none; the months before it are over.
    "CREATE TABLE running_months (hall TEXT PRIMARY KEY, month TEXT NOT NULL) WITHOUT ROWID",
    """INSERT INTO running_months (hall, month)
    SELECT hall, coalesce(max(substr(date, 1, 7)), '') FROM (
        SELECT hall, date FROM tickets UNION ALL SELECT hall, called_date FROM tickets
        UNION ALL SELECT hall, date FROM window_days UNION ALL SELECT hall, NULL FROM runs) GROUP BY hall""",
    """CREATE TABLE ratings_by_hall (
        hall TEXT NOT NULL, grain TEXT NOT NULL, dimension TEXT NOT NULL, span TEXT NOT NULL, key TEXT NOT NULL,
        served INTEGER NOT NULL, grade_1 INTEGER NOT NULL, grade_2 INTEGER NOT NULL, grade_3 INTEGER NOT NULL,
        grade_4 INTEGER NOT NULL, grade_5 INTEGER NOT NULL, aside INTEGER NOT NULL,
        PRIMARY KEY (hall, grain, dimension, span, key)) WITHOUT ROWID""",
    f"""INSERT INTO ratings_by_hall (hall, grain, dimension, span, key, {_COUNTS})
    SELECT old.hall, old.grain, old.dimension, old.span, key, {_COUNTS} {_OLD_FIRST.format(table="ratings_rollup")}""",
    "DROP TABLE ratings_rollup",
    "ALTER TABLE ratings_by_hall RENAME TO ratings_rollup",
    """CREATE TABLE times_by_hall (
        hall TEXT NOT NULL, grain TEXT NOT NULL, dimension TEXT NOT NULL, span TEXT NOT NULL, key TEXT NOT NULL,
        counts BLOB NOT NULL, PRIMARY KEY (hall, grain, dimension, span, key)) WITHOUT ROWID""",
    f"""INSERT INTO times_by_hall (hall, grain, dimension, span, key, counts)
    SELECT old.hall, old.grain, old.dimension, old.span, key, counts {_OLD_FIRST.format(table="times_rollup")}""",
    "DROP TABLE times_rollup",
    "ALTER TABLE times_by_hall RENAME TO times_rollup",
)
