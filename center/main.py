"""The center as a process: the composition root, which owns clock, store, server and signals."""

import argparse
import asyncio
import gc
import logging
import os
import secrets
import signal
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from aiohttp import web

from center import config
from center.beside import GARBAGE_THRESHOLDS
from center.casework.book import CaseBook
from center.casework.calendars import load as load_calendars
from center.casework.contacts import Contacts
from center.casework.desk import Desk, Grants
from center.casework.watch import Watch
from center.config import CenterSettings
from center.errors import CenterError
from center.intake import Intake
from center.metrics import Metrics
from center.own import OwnJournals
from center.people.accounts import Accounts, hasher
from center.store import Store
from center.store.sqlite import CHINA_MINUTES, FILE_NAME, SqliteStore
from center.web import app as web_app
from center.web.context import Center
from center.web.sessions import Sessions
from common.errors import CommonError
from common.logs import Log, LogLines
from common.pages import Pages
from common.service_manager import ServiceManager
from common.settings import SettingsError
from common.throttle import Throttle
from common.tokens import Holder, Tokens

WEB = Path(__file__).parent / "web"
ACCOUNTS_FILE = "accounts.json"
CASES_FILE = "cases.sqlite"  # made from the store; may be deleted
TOKEN_FILE = "tokens.json"  # noqa: S105 - a file's name; it keeps only hashes
READERS = ("viewer", "supervisor", "auditor", "monitor")
SHUTDOWN_S = 5.0  # answers that are on their way; a batch is durable in well under a second


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def version() -> str:
    """The version of this program as installed."""
    try:
        return metadata.version("tingting")
    except metadata.PackageNotFoundError:
        return "0"


log = Log(now_ms)


def say(line: str) -> None:
    """One line on stdout, at once: others wait for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def announce(made: dict[Holder, str], tell: Callable[[str], None]) -> None:
    """New tokens, the only time that they can be seen."""
    for holder, token in made.items():
        tell(f"token {holder.role}{f' {holder.place}' if holder.place else ''}: {token}")


def holders(settings: CenterSettings) -> list[Holder]:
    """Everybody who has a token here."""
    return [*(Holder("hall", hall.id) for hall in settings.halls), *(Holder(role) for role in READERS)]


def assemble(settings: CenterSettings, folder: Path, store: Store, tokens: Tokens) -> Center:
    """The parts of a center around its store; raises `CenterError` where a file of theirs can't be used."""
    data = folder / settings.paths.data
    pages = Pages([WEB / "templates"], [WEB / "static"])
    accounts = Accounts(data / ACCOUNTS_FILE, now_ms, hasher())
    own = OwnJournals(store, settings.center.id, now_ms)
    desk = Desk(
        store,
        own,
        CaseBook(data / CASES_FILE),
        Contacts(data, secrets.token_bytes),
        calendar=load_calendars([folder / name for name in settings.cases.calendars]),
        grants=Grants(settings.cases.days, settings.cases.days_by_region),
        remind_days=settings.cases.remind_days,
        now_ms=now_ms,
    )
    return Center(
        settings=settings,
        store=store,
        tokens=tokens,
        sessions=Sessions(now_ms, settings.http.secure_cookie, accounts),
        accounts=accounts,
        throttle=Throttle(now_ms),
        intake=Intake(),
        own=own,
        desk=desk,
        watch=Watch(desk, settings.halls),
        pages=pages,
        metrics=Metrics(),
        now_ms=now_ms,
        version=version(),
    )


def _tls(settings: CenterSettings, folder: Path) -> ssl.SSLContext | None:
    """The certificate of the settings; raises `CenterError` where it can't be used."""
    if not settings.http.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate, key = folder / settings.http.certificate, folder / settings.http.private_key
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise CenterError(f"TLS: {certificate} with {key} can't be used: {error}; both are PEM files") from error
    return context


async def serve(settings: CenterSettings, folder: Path, stop: asyncio.Event, tell: Callable[[str], None] = say) -> None:
    """Runs a center until `stop`; `folder` is where relative paths begin."""
    data = folder / settings.paths.data
    offsets = {hall.id: hall.offset_minutes for hall in settings.halls}
    store = SqliteStore(data / FILE_NAME, asyncio.get_running_loop(), lambda hall: offsets.get(hall, CHINA_MINUTES))
    try:
        tokens, made = Tokens.open(data / TOKEN_FILE, holders(settings))
        center = assemble(settings, folder, store, tokens)
        center.watch.start()
        runner = web.AppRunner(
            web_app.build(center), auto_decompress=False, access_log=None, shutdown_timeout=SHUTDOWN_S
        )
        await runner.setup()
        try:
            secure = _tls(settings, folder)
            site = web.TCPSite(runner, settings.http.host, settings.http.port, ssl_context=secure)
            try:
                await site.start()
            except OSError as error:
                where = f"{settings.http.host}:{settings.http.port}"
                raise CenterError(f"can't listen on {where}: {error.strerror}; set [http] host and port") from error
            announce(made, tell)
            host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
            tell(f"center: serving {'https' if secure else 'http'}://{host}:{runner.addresses[0][1]}")
            log("center.serving", version=center.version, halls=[hall.id for hall in settings.halls])
            await _until(stop, store)
        finally:
            await runner.cleanup()
            await center.watch.close()
            await center.intake.close()
            center.desk.book.close()
    finally:
        await store.close()
        log("center.stopped")


async def _until(stop: asyncio.Event, store: SqliteStore) -> None:
    """Tells the service manager how it is until `stop`; a store that doesn't answer isn't alive."""
    manager = ServiceManager(os.environ, os.getpid())
    manager.tell("READY=1")
    feeding = asyncio.create_task(manager.feed(store.settled)) if manager.watches else None
    await stop.wait()
    manager.tell("STOPPING=1")
    if feeding is not None:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _run(settings: CenterSettings, folder: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await serve(settings, folder, stop)


def run(path: Path) -> int:
    """Runs the center of a settings file until SIGINT or SIGTERM; its exit status, 2 if the file can't be used."""
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    logging.basicConfig(level=logging.INFO, handlers=[LogLines(log)])
    try:
        settings = config.load(path)
    except SettingsError as error:
        sys.stderr.write(f"center: {error}\n")
        return 2
    try:
        asyncio.run(_run(settings, path.resolve().parent))
    except (CenterError, CommonError) as error:
        sys.stderr.write(f"center: {error}\n")
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m center.main --config center.toml`."""
    parser = argparse.ArgumentParser(prog="center", description="Runs the center.")
    parser.add_argument("--config", type=Path, required=True, help="the settings file (TOML)")
    return run(parser.parse_args(arguments).config)


if __name__ == "__main__":
    sys.exit(main())
