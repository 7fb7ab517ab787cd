"""All routes of the center, and what stands around them."""

import logging

from aiohttp import web

from center.errors import StoreError
from center.ingest import MAX_UNPACKED
from center.web import (
    accounts,
    behind_page,
    cases,
    events,
    exports,
    figures,
    hall_pages,
    journals,
    notice,
    opening,
    operation,
    overview,
    paper,
    phone,
    report_page,
    reporting,
    signs,
)
from center.web.context import CENTER, Center, client_address
from common import problem
from common.guesses import GUESSES, Guesses, slow_guesses
from common.pages import Handler, security_headers
from common.problem import Problem

log = logging.getLogger("center")

# gzip makes nothing larger than this longer than it was, so what is longer packed is too long unpacked.
MAX_BODY = MAX_UNPACKED + 64 * 1024


@web.middleware
async def store_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A store that can't be read is no error in the asking."""
    try:
        return await handler(request)
    except StoreError as error:
        log.error("%s %s: %s", request.method, problem.route(request), error, extra={"event": "center.store_failed"})
        raise Problem(503, "not-ready", "The store doesn't work", "Ask again; /readyz says when it works.") from error


def build(center: Center) -> web.Application:
    """The application; run it by `AppRunner(app, auto_decompress=False)`: unpacking is bounded by the ingest door."""
    app = web.Application(middlewares=[problem.middleware, slow_guesses, store_errors], client_max_size=MAX_BODY)
    app.on_response_prepare.append(security_headers)
    app[CENTER] = center
    app[GUESSES] = Guesses(center.throttle, client_address)
    app.add_routes(
        [
            web.post("/api/v1/halls/{hall}/events", journals.post_events),
            web.get("/api/v1/halls/{hall}/events", journals.get_events),
            web.get("/api/v1/halls/{hall}/cursor", journals.get_cursor),
            web.get("/api/v1/halls", figures.get_halls),
            web.get("/api/v1/halls/{hall}/runs/{run}", events.get_run),
            web.get("/api/v1/halls/{hall}/tickets/{ticket}", events.get_ticket),
            web.get("/api/v1/reports/ratings", reporting.get_ratings),
            web.get("/api/v1/reports/waiting", reporting.get_waiting),
            web.get("/api/v1/reports/ranking", reporting.get_ranking),
            web.get("/api/v1/reports/behind", opening.get_behind),
            web.get("/api/v1/openapi.json", operation.get_openapi),
            web.get("/healthz", operation.get_health),
            web.get("/readyz", operation.get_ready),
            web.get("/metrics", operation.get_metrics),
            web.get("/halls", hall_pages.get_halls),
            web.get("/halls/{hall}", hall_pages.get_hall),
            web.get("/halls/{hall}/runs/{run}", behind_page.get_run),
            web.get("/halls/{hall}/tickets/{ticket}", behind_page.get_ticket),
            web.get("/devices", hall_pages.get_devices),
            web.get("/reports", report_page.get_reports),
            web.get("/reports/behind", behind_page.get_list),
            web.get("/bulletin", notice.get_index),
            web.get("/bulletin/{name}", notice.get_notice),
            web.get("/", overview.get_overview),
            web.get("/overview", overview.get_figures),
            *accounts.ROUTES,
            *cases.ROUTES,
            *signs.ROUTES,
            *paper.ROUTES,
            *exports.ROUTES,
            *phone.ROUTES,
        ]
    )
    center.pages.add_to(app)
    return app
