"""The OpenAPI description of the reports' doors."""

from typing import Any

from center.reports.keys import RANKED_BY, RATINGS_BY, TIMES_BY
from center.web.openapi_parts import COUNT, DENIED, HALL, TEXT, answer, object_, problems, query, ref
from center.web.opening import FIGURES

_MAYBE_TEXT = {"type": ["string", "null"]}
_MAYBE_COUNT = {"type": ["integer", "null"], "minimum": 0}
_NUMBER = {"type": ["number", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_MAYBE_TIME = {"type": ["string", "null"], "format": "date-time"}
_BAD = problems(
    s400="a parameter is missing or malformed", s404="no such hall in your scope", s503="the store doesn't work"
)


def _figures() -> dict[str, Any]:
    return {
        "served": COUNT | {"description": "runs finished"},
        "rated": COUNT | {"description": "runs with a counted rating"},
        "unrated": COUNT | {"description": "served − rated"},
        "grades": {
            "type": ["object", "null"],
            "properties": {str(grade): COUNT for grade in range(1, 6)},
            "description": "runs of each grade, 1 = very dissatisfied … 5 = very satisfied",
        },
        "evaluation_rate": ref("Rate"),
        "satisfaction_rate": {"anyOf": [ref("Rate"), {"type": "null"}], "description": "grades 3, 4, 5 / rated"},
        "points": {
            "type": ["integer", "null"],
            "description": "the sum of 10, 8, 6, 3, 0 for the grades 5 to 1; divided by rated it is the mean",
        },
        "set_aside": {
            "type": ["integer", "null"],
            "description": "of the rated: ratings that an upheld appeal set aside; they stay in grades, and are named",
        },
        "hidden": {
            "type": "boolean",
            "description": "true where fewer than 5 ratings of one person would show, also as the total less the rows",
        },
    }


def _times() -> dict[str, Any]:
    return {
        "tickets": COUNT | {"description": "numbers issued; walk-ups stand in no line and are not among them"},
        "called": COUNT | {"description": "of these, called at least once"},
        "no_shows": COUNT | {"description": "of these, passed over because nobody came, and not taken back"},
        "restored": COUNT | {"description": "of the no-shows, those that came back into the line"},
        "left": COUNT | {"description": "cancelled before any call"},
        "served": COUNT | {"description": "runs finished"},
        "waiting": ref("Spread"),
        "serving": ref("Spread"),
        "use": object_("numerator_ms denominator_ms value", numerator_ms=COUNT, denominator_ms=COUNT, value=_NUMBER)
        | {"description": "serving time / time that windows were open"},
    }


def _heading(by: tuple[str, ...]) -> dict[str, Any]:
    return {"from": TEXT, "to": TEXT, "by": {"enum": list(by)}, "as_of": _TIME}


def schemas() -> dict[str, Any]:
    """What the reports answer."""
    figures, times = _figures(), _times()
    run = {
        "hall": TEXT,
        "run": TEXT,
        "ticket": _MAYBE_TEXT,
        "date": _MAYBE_TEXT,
        "finished": _MAYBE_TIME,
        "window": _MAYBE_TEXT,
        "service": _MAYBE_TEXT,
        "staff": _MAYBE_TEXT | {"description": "for supervisor and auditor alone"},
        "served_ms": _MAYBE_COUNT,
        "rated": {"type": "boolean"},
        "grade": {"type": ["integer", "null"], "minimum": 1, "maximum": 5},
        "set_aside": {"type": "boolean"},
        "unrated": _MAYBE_TEXT | {"description": "why nobody pressed, where that is known"},
    }
    ticket = {
        "hall": TEXT,
        "ticket": TEXT,
        "date": _MAYBE_TEXT,
        "service": _MAYBE_TEXT,
        "window": _MAYBE_TEXT,
        "staff": _MAYBE_TEXT,
        "issued": _MAYBE_TIME,
        "called": _MAYBE_TIME,
        "waited_ms": _MAYBE_COUNT,
        "no_show": {"type": "boolean"},
        "left": {"type": "boolean"},
    }
    rank = {
        "key": _MAYBE_TEXT,
        "hall": TEXT,
        "rank": _MAYBE_COUNT | {"description": "null under 30 ratings"},
        "rated": COUNT,
        "served": COUNT,
        "mean": _NUMBER | {"description": "mean points, 0 to 10"},
        "low": _NUMBER | {"description": "lower bound of the confidence interval: the ranking's order"},
        "high": _NUMBER,
        "hidden": {"type": "boolean"},
    }
    return {
        "Rate": object_("numerator denominator value", numerator=COUNT, denominator=COUNT, value=_NUMBER),
        "Spread": object_(
            "count mean_ms median_ms p90_ms p99_ms max_ms",
            count=COUNT | {"description": "times that are known"},
            mean_ms=_NUMBER,
            median_ms=_MAYBE_COUNT,
            p90_ms=_MAYBE_COUNT,
            p99_ms=_MAYBE_COUNT,
            max_ms=_MAYBE_COUNT,
        ),
        "Precision": object_(
            "below_s absolute_ms relative_above",
            below_s=COUNT,
            absolute_ms=COUNT,
            relative_above={"type": "number"},
        )
        | {"description": "how much too small a median, percentile or maximum may be: under below_s, and above"},
        "Row": object_("key served rated unrated", key=_MAYBE_TEXT, hall=TEXT, **figures),
        "Ratings": object_(
            "from to by served rated unrated grades evaluation_rate satisfaction_rate points rows as_of",
            **_heading(RATINGS_BY),
            **figures,
            rows={"type": "array", "items": ref("Row")},
        ),
        "TimesRow": object_("key tickets called waiting serving", key=_MAYBE_TEXT, hall=TEXT, **times),
        "Waiting": object_(
            "from to by tickets called no_shows waiting serving rows precision as_of",
            **_heading(TIMES_BY),
            **times,
            rows={"type": "array", "items": ref("TimesRow")},
            precision=ref("Precision"),
        ),
        "Ranking": object_(
            "from to by level least_ranked rows as_of",
            **_heading(RANKED_BY),
            level={"type": "number"},
            least_ranked=COUNT,
            rows={"type": "array", "items": object_("key rank rated served mean low high hidden", **rank)},
        ),
        "Behind": object_(
            "from to figure runs tickets next as_of",
            **{"from": TEXT, "to": TEXT},
            figure={"enum": list(FIGURES)},
            runs={"type": "array", "items": object_("hall run rated grade", **run)},
            tickets={"type": "array", "items": object_("hall ticket no_show left", **ticket)},
            next=_MAYBE_TEXT | {"description": "the address's `after` of the page that follows"},
            as_of=_TIME,
        ),
        "Event": object_(
            "type time journal sequence chain",
            type=TEXT,
            time=TEXT,
            journal=TEXT,
            sequence=COUNT,
            chain=TEXT,
            event={"type": "object", "description": "the stored event; for supervisor and auditor alone"},
        ),
        "Run": object_(
            "hall run rated grade events as_of",
            **run,
            events={"type": "array", "items": ref("Event")},
            as_of=_TIME,
        ),
        "Ticket": object_(
            "hall ticket no_show left runs events as_of",
            **ticket,
            runs={"type": "array", "items": object_("hall run rated grade", **run)},
            events={"type": "array", "items": ref("Event")},
            as_of=_TIME,
        ),
    }


def _dates() -> list[dict[str, Any]]:
    return [
        query("from", {"type": "string", "format": "date"}, "first service date, local to each hall"),
        query("to", {"type": "string", "format": "date"}, "last service date, included"),
        query("hall", TEXT, "one hall of your scope; all of them when left out", required=False),
    ]


def _report(summary: str, by: tuple[str, ...], schema: str) -> dict[str, Any]:
    rows = query("by", {"enum": list(by)}, "what the rows are; hall when left out", required=False)
    return {
        "get": {
            "summary": summary,
            "parameters": [*_dates(), rows],
            "responses": {"200": answer("the figures", ref(schema))} | DENIED | _BAD,
        }
    }


def paths() -> dict[str, Any]:
    """The reports' doors."""
    behind = [
        *_dates(),
        query("figure", {"enum": list(FIGURES)}, "which figure is opened; served when left out", required=False),
        query("window", TEXT, "only this window; empty: those without one", required=False),
        query("staff", TEXT, "only this person's (supervisor, auditor)", required=False),
        query("service", TEXT, "only this service", required=False),
        query("region", TEXT, "only halls of this region; empty: those without one", required=False),
        query("department", TEXT, "only its windows; with hall; empty: windows without one", required=False),
        query("quarter", TEXT, "only this quarter hour, as 09:15", required=False),
        query("after", TEXT, "`next` of the page before", required=False),
    ]
    run = {"name": "run", "in": "path", "required": True, "schema": TEXT, "description": "the run's id"}
    ticket = {"name": "ticket", "in": "path", "required": True, "schema": TEXT, "description": "the ticket's id"}
    return {
        "/api/v1/reports/ratings": _report("Ratings of the service dates from..to", RATINGS_BY, "Ratings"),
        "/api/v1/reports/waiting": _report(
            "Tickets, no-shows, waiting, serving and use of windows", TIMES_BY, "Waiting"
        ),
        "/api/v1/reports/ranking": _report(
            "Ranking by points, by the lower bound of its interval", RANKED_BY, "Ranking"
        ),
        "/api/v1/reports/behind": {
            "get": {
                "summary": "The runs or tickets that a figure counts, 100 a page",
                "parameters": behind,
                "responses": {"200": answer("one page", ref("Behind"))} | DENIED | _BAD,
            }
        },
        "/api/v1/halls/{hall}/runs/{run}": _one("run", "One run and the events that make it", run),
        "/api/v1/halls/{hall}/tickets/{ticket}": _one(
            "ticket", "One ticket, the services rendered on it, and their events", ticket
        ),
    }


def _one(kind: str, summary: str, parameter: dict[str, Any]) -> dict[str, Any]:
    """A door behind the figures: one run, one ticket."""
    wrong = problems(s404=f"no such hall in your scope, or no such {kind}", s503="the store doesn't work")
    found = {"200": answer(f"the {kind}", ref(kind.capitalize()))}
    return {"get": {"summary": summary, "parameters": [HALL, parameter], "responses": found | DENIED | wrong}}
