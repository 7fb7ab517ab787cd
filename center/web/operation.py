"""Alive, ready, metrics and the description of the doors."""

from aiohttp import web

from center.errors import StoreError
from center.web.context import CENTER, client_address, json_response
from center.web.figures import hall_journals, lag_s
from center.web.openapi import document
from common.metrics import CONTENT_TYPE
from common.problem import Problem
from common.tokens import require

LOCAL = ("127.0.0.1", "::1")


def _local_or_monitor(request: web.Request) -> None:
    """Asked from this machine, or with the monitor's token."""
    if client_address(request) not in LOCAL:
        require(request, request.app[CENTER].tokens, "monitor")


async def get_health(request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    _local_or_monitor(request)
    return json_response({"status": "alive", "version": request.app[CENTER].version})


async def get_ready(request: web.Request) -> web.Response:
    """GET /readyz: the store takes batches and answers questions."""
    _local_or_monitor(request)
    store = request.app[CENTER].store
    failure = store.failure()
    if failure is None:
        try:
            await store.journals()
        except StoreError as error:
            failure = str(error)
    if failure is not None:
        raise Problem(503, "not-ready", "The store doesn't work", failure)
    return json_response({"status": "ready"})


async def get_metrics(request: web.Request) -> web.Response:
    """GET /metrics: Prometheus text."""
    _local_or_monitor(request)
    center = request.app[CENTER]
    journals = await center.store.journals()
    through: dict[tuple[str, ...], float] = {}
    quarantined: dict[tuple[str, ...], float] = {}
    lags: dict[tuple[str, ...], float] = {}
    for hall in center.settings.halls:
        own = hall_journals(journals, hall)
        through |= {(hall.id, journal.journal): journal.stored_through for journal in own}
        quarantined[hall.id,] = sum(journal.quarantined for journal in own)
        lag = lag_s(center, hall, own[0] if own else None)
        if lag is not None:
            lags[hall.id,] = lag
    text = center.metrics.text(
        {
            "tingting_center_stored_through": through,
            "tingting_center_quarantined": quarantined,
            "tingting_center_lag_seconds": lags,
        }
    )
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


async def get_openapi(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json."""
    return json_response(document(request.app[CENTER].version))
