"""The doors of the reports: ratings, waiting, ranking; the pages ask the same functions."""

from datetime import date
from typing import Any

from aiohttp import web

from center.reports import ranking, ratings, times
from center.reports.keys import RANKED_BY, RATINGS_BY, STORE_GROUP, TIMES_BY, regrouped
from center.rollups.histogram import ERROR
from center.store.answers import BY_WINDOW, Tally, TimesTally
from center.web.asking import Asked, asked, grouping
from center.web.context import CENTER, Center, json_response
from common.problem import Problem

# A department's figures by clerk, service or quarter hour are no rollup: they are counted from its runs.
PART_DAYS = 92  # a quarter: what a large hall's department served in it is counted in about a second


def _check_part(question: Asked, by: str) -> None:
    days = (date.fromisoformat(question.last) - date.fromisoformat(question.first)).days + 1
    if question.part is not None and STORE_GROUP[by] not in BY_WINDOW and days > PART_DAYS:
        allowed = ", ".join(name for name in TIMES_BY if STORE_GROUP[name] in BY_WINDOW)
        raise Problem(
            400,
            "bad-request",
            f"from..to is too long for a department by={by}",
            f"At most {PART_DAYS} days; {allowed}.",
        )


async def rating_tallies(center: Center, question: Asked, by: str) -> list[Tally]:
    """Runs and grades, grouped; regions and departments by the settings."""
    _check_part(question, by)
    found = await center.store.tallies(
        STORE_GROUP[by], question.first, question.last, question.hall_ids, windows=question.part
    )
    return ratings.merged(found, regrouped(by, [tally.key for tally in found], question.halls))


async def time_tallies(center: Center, question: Asked, by: str) -> list[TimesTally]:
    """Tickets and times, grouped likewise."""
    _check_part(question, by)
    found = await center.store.times(
        STORE_GROUP[by], question.first, question.last, question.hall_ids, windows=question.part
    )
    return times.merged(found, regrouped(by, [tally.key for tally in found], question.halls))


def _heading(question: Asked, by: str) -> dict[str, Any]:
    return {"from": question.first, "to": question.last, "by": by}


async def get_ratings(request: web.Request) -> web.Response:
    """GET /api/v1/reports/ratings: the figures of the service dates from..to, both included."""
    center = request.app[CENTER]
    question, by = asked(request), grouping(request, RATINGS_BY)
    answer = _heading(question, by) | ratings.report(by, await rating_tallies(center, question, by))
    return json_response(answer | {"as_of": center.as_of()})


async def get_waiting(request: web.Request) -> web.Response:
    """GET /api/v1/reports/waiting: tickets, no-shows, waiting and serving of the same dates."""
    center = request.app[CENTER]
    question, by = asked(request), grouping(request, TIMES_BY)
    answer = _heading(question, by) | times.report(await time_tallies(center, question, by))
    return json_response(answer | {"precision": ERROR, "as_of": center.as_of()})


async def get_ranking(request: web.Request) -> web.Response:
    """GET /api/v1/reports/ranking: by points, with sample size and confidence interval."""
    center = request.app[CENTER]
    question, by = asked(request), grouping(request, RANKED_BY)
    tallies = await rating_tallies(center, question, by)
    few = ratings.too_few(by, tallies)
    rows = [ranking.row(one, one.key in few) for one in ranking.rank(tallies)]
    answer = _heading(question, by) | {
        "level": ranking.LEVEL,
        "least_ranked": ranking.LEAST_RANKED,
        "rows": rows,
        "as_of": center.as_of(),
    }
    return json_response(answer)
