"""The hub as a process: the composition root, which owns the clock, chance, tasks and signals.

`python -m hub.main --config hub.toml`. The hall's rows and the journal are opened before anything is served; what can't
be used ends the start with one line. Every task has its place here: one that dies ends the process, for a hub that half
works misleads.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from common.errors import CommonError
from common.logs import Log, LogLines
from common.service_manager import ServiceManager
from common.settings import SettingsError
from hub import config as hub_config
from hub.building import build
from hub.config import Config
from hub.device_doors import DeviceDesk
from hub.errors import HubError
from hub.journal import Journal, JournalError
from hub.journal.upkeep import Upkeep
from hub.paper_doors import PaperDesk
from hub.queueing.commands import HubStarted, Sweep
from hub.queueing.errors import QueueingError, Refusal
from hub.queueing.events import Now
from hub.running import Hub
from hub.update_doors import UpdateDesk
from hub.uplink.client import CenterClient
from hub.uplink.old import deliver
from hub.uplink.uplink import Uplink
from hub.web import app as web_app
from hub.web.house import House

NOT_BEFORE_MS = 1_767_225_600_000  # 2026-01-01: this software is younger, so an earlier clock was never set
TIMESYNC = Path("/run/systemd/timesync")
SURE_FOR_S = 1.0  # how long a look at the time daemon holds
SHUTDOWN_S = 3.0  # for answers under way; a service manager waits longer
RESTART_TRY_S = 1.0
SWEEP_S = 30.0  # how late the hall's closing may be noticed
MAY_END = ("stop", "started", "old journals")  # every other task that ends has died


log = Log(lambda: time.time_ns() // 1_000_000)


class Clock:
    """The machine's clocks, and whether the hour can be trusted."""

    def __init__(self) -> None:
        self._looked_s = -SURE_FOR_S
        self._sure = False

    def __call__(self) -> Now:
        """A moment for the service."""
        unix_ms = time.time_ns() // 1_000_000
        return Now(unix_ms, self._is_sure(unix_ms), monotonic_ms=self.rising_ms())

    @staticmethod
    def rising_ms() -> int:
        """A clock that never steps."""
        return time.monotonic_ns() // 1_000_000

    def _is_sure(self, unix_ms: int) -> bool:
        """Where systemd keeps the time, it says whether it has found it since boot."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= SURE_FOR_S:
            self._looked_s = now_s
            self._sure = not TIMESYNC.is_dir() or (TIMESYNC / "synchronized").exists()
        return self._sure and unix_ms >= NOT_BEFORE_MS


async def serve(hub: Hub, stopped: asyncio.Event) -> str | None:
    """Runs until `stopped`; returns None, or what died."""
    config = hub.config
    manager = ServiceManager(os.environ, os.getpid())
    hub.service.follow(hub.shown_anew)
    hub.service.subscribe(hub.committed)
    async with aiohttp.ClientSession() as outside:
        if config.center is not None:
            client = CenterClient(outside, config.center.url, config.hall.id, config.center.token)
            hub.uplink = Uplink(hub.journal, client, random.random, log)
            hub.old_journals = deliver(hub.journal.old(), client, random.random, log)
        runner = web.AppRunner(web_app.build(_house(hub), hub.version), shutdown_timeout=SHUTDOWN_S, access_log=None)
        await runner.setup()
        tasks: dict[asyncio.Task[Any], str] = {}
        try:
            site = web.TCPSite(runner, config.http.host, config.http.port)
            await site.start()
            for name, work in _works(hub, stopped, manager).items():
                tasks[asyncio.create_task(work, name=name)] = name
            port = runner.addresses[0][1]
            print(f"hub: serving http://{config.http.host}:{port}", flush=True)  # noqa: T201 - what a starter waits for
            log("hub.serving", hall=config.hall.id, journal=hub.journal.id, durable=hub.journal.durable)
            manager.tell("READY=1")
            died: list[asyncio.Task[Any]] = []
            while not died and not stopped.is_set():
                left = [task for task in tasks if not task.done()]
                done, _ = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                died = [task for task in done if tasks[task] not in MAY_END]
            return _cause(died, tasks)
        finally:
            manager.tell("STOPPING=1")
            hub.stream.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await runner.cleanup()


def _cause(died: list["asyncio.Task[Any]"], names: dict["asyncio.Task[Any]", str]) -> str | None:
    for task in died:
        error = task.exception()
        logging.getLogger("hub").error("task %s ended", names[task], exc_info=error)
        return f"task {names[task]} ended: {error!r}"
    return None


async def _writer_lives(journal: Journal) -> None:
    """Comes back when the journal's writer has answered for all that is queued; a refusing disk is an answer, too."""
    with contextlib.suppress(JournalError):  # /readyz and the log say what it refuses
        await journal.settled()


def _works(hub: Hub, stopped: asyncio.Event, manager: ServiceManager) -> dict[str, Coroutine[Any, Any, Any]]:
    """Every task of the process, by name."""
    works: dict[str, Coroutine[Any, Any, Any]] = {
        "stop": stopped.wait(),
        "started": _say_started(hub),
        "devices": hub.fleet.run(),
        "updates": hub.updates.run(),
        "journal": hub.journal.watch(),
        "stream": hub.stream.run(),
        "lines": hub.lines.run(),
        "initials": hub.initials.run(),
        "printers": hub.printers.run(),
        "leds": hub.leds.run(),
        "closing": _sweep(hub),
        "upkeep": Upkeep(hub.journal, hub.config.journal.keep_days, hub.clock).run(),
    }
    if manager.watches:
        works["watchdog"] = manager.feed(partial(_writer_lives, hub.journal))
    if hub.uplink is not None:
        works["uplink"] = hub.uplink.run()
    if hub.announcer is not None:
        works["voice"] = hub.announcer.run()
    if hub.old_journals is not None:
        works["old journals"] = hub.old_journals
    for adapter in hub.config.radios:
        from hub.links.ble import Radio  # noqa: PLC0415 - with bleak 100 ms, which a hall on cables doesn't pay

        radio = Radio(adapter.adapter, adapter.links, hub.fleet.air, random.random, log)
        hub.fleet.air.radios.append(radio)
        works[f"radio {adapter.adapter}"] = radio.run()
    return works


async def _sweep(hub: Hub) -> None:
    """Cancels at closing what is still open; the rules know when that is."""
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            await hub.service.submit(Sweep())
        except JournalError as error:
            log("hub.sweep_not_journalled", why=str(error))


async def _say_started(hub: Hub) -> None:
    """The journal may be full: the hub serves all the same, and says so until there is room."""
    while True:
        try:
            await hub.changing.start()
            await hub.service.submit(HubStarted(hub.version, hub.journal.id))
            await hub.paperwork.recover({row.id for row in hub.hall.rows.printers})
        except JournalError as error:
            log("hub.start_not_journalled", why=str(error))
            await asyncio.sleep(RESTART_TRY_S)
        except Refusal as refusal:
            log("hub.start_refused", why=str(refusal))
            return
        else:
            hub.fleet.announce()
            return


def _house(hub: Hub) -> House:
    return House(
        hall=hub.config.hall.id,
        journal=hub.journal.id,
        laid_out=lambda: hub.service.layout,
        tokens=hub.tokens,
        sessions=hub.sessions,
        pages=hub.pages,
        stream=hub.stream,
        devices=DeviceDesk(hub.fleet, hub.dispensers, hub.service),
        updates=UpdateDesk(hub.updates, hub.registry),
        guide=hub.guide,
        now_ms=lambda: hub.service.now().ms,
        rising_ms=hub.rising_ms,
        tick=hub.tick,
        calls=hub.published.calls,
        phone=lambda digest: hub.published.phone(digest, hub.service.now()),
        held_by=hub.published.held_by,
        address=hub.config.http.public_url.rstrip("/"),
        aloud=hub.aloud,
        clip=lambda key: None if hub.announcer is None else hub.announcer.clips.find(key),
        rows=hub.hall_desk,
        paper=PaperDesk(hub.paperwork, hub.printers, hub.hall),
        staff=hub.staff,
        admin=hub.admin_facts,
        submit=hub.submit_request,
        hall_view=hub.hall_view,
        queue_view=hub.queue_view,
        desk_view=hub.desk_view,
        read_events=hub.read_events,
        ready=hub.ready,
        metrics=hub.metrics,
    )


async def run(config: Config) -> int:
    """The whole life of the process; its exit status."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    # A start makes much that stays and little that is garbage; looking through it again and again takes a fifth of it.
    gc.disable()
    try:
        hub = build(config, Clock(), random.random, log)
    except (HubError, CommonError, QueueingError, OSError) as error:
        _complain(error)
        return 1
    finally:
        gc.collect()  # what the start made and dropped, before it is taken for what stays
        gc.freeze()
        gc.enable()
    try:
        died = await serve(hub, stopped)
    except OSError as error:  # the port is taken, or the address isn't ours
        _complain(f"http.host, http.port: {config.http.host}:{config.http.port} can't be served: {error}")
        return 1
    finally:
        await hub.journal.close()
        hub.registry.close()
        hub.staff.close()
    if died is not None:
        _complain(died)
        return 1
    log("hub.stopped", durable=hub.journal.durable)
    return 0


def _complain(what: object) -> None:
    print(f"hub: {what}", file=sys.stderr, flush=True)  # noqa: T201 - for the person who started it


def main(arguments: list[str] | None = None) -> int:
    """`python -m hub.main --config hub.toml`; 2 where the configuration can't be used."""
    parser = argparse.ArgumentParser(prog="hub", description="One hall: queue, evaluators, journal, uplink.")
    parser.add_argument("--config", type=Path, required=True, help="the hub's TOML file")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, handlers=[LogLines(log)])
    try:
        config = hub_config.load(options.config)
    except SettingsError as error:
        _complain(error)
        return 2
    return asyncio.run(run(config))


if __name__ == "__main__":
    sys.exit(main())
