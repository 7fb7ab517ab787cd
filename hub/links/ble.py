"""One Bluetooth adapter: scans all the time, connects on demand, one at a time, lets go when quiet.

Knows addresses, names and bytes; whose box it is and what it is wanted for is asked of `Wishes`. Adapter, bluetoothd
and D-Bus may go at any time: scanning stops to hear anything, is started anew, and says why it can't be.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from hub.links.backoff import Backoff
from hub.links.ble_peer import Counts, Peer, Wishes
from hub.links.ble_plan import MOST_BOXES, Candidate, End, Held, Keep, Want, plan
from hub.links.ble_port import GATT_S, limited, open_ble
from hub.links.errors import LinkError
from hub.links.link import Link
from hub.links.port import Port
from protocol import air

SCAN_START_S = 10.0
SILENT_S = 5.0  # idle boxes advertise every second: who hears nothing for so long scans anew
AGAIN_FIRST_S, AGAIN_CAP_S = 0.5, 10.0  # an adapter that was plugged in again works within 10 s
TICK_S = 0.2  # between looks where nothing has happened
CONNECTABLE_S = 8.0  # heard so lately; a box that advertises slowly was heard several times in that
UNPROVEN_S = 10.0  # a link on which nothing is proven by then; the box itself gives three seconds
# With somebody standing there, whatever the back-off has come to: who lost the race for a link to a stranger finds
# that out within 0.2 s, and the box keeps the stranger out for 4 s.
ASK_AGAIN_S = 0.25
RETRY_FIRST_S, RETRY_CAP_S = 0.5, 20.0  # after a connect that failed or a link that proved nothing

Log = Callable[..., None]


class Radio:
    """`run` is its task; `look` makes it look at once, after something has come to be wanted."""

    def __init__(  # noqa: PLR0917 - composition: each is given once, in main
        self,
        adapter: str,
        links: int,
        wishes: Wishes,
        chance: Callable[[], float],
        log: Log,
        scanner: Callable[..., Any] = BleakScanner,
        connect: Callable[[str, BLEDevice, str], Awaitable[Port]] = open_ble,
    ) -> None:
        self.adapter = adapter
        self.peers: dict[str, Peer] = {}
        self.counts = Counts()
        self.why = "it was not started yet"  # not scanning; empty while it does
        self._links = links
        self._wishes = wishes
        self._chance = chance
        self._log = log
        self._scanner = scanner
        self._connect = connect
        self._attempt: Peer | None = None
        self._news = asyncio.Event()
        self._heard_s = 0.0
        self._scan_again = Backoff(AGAIN_FIRST_S, AGAIN_CAP_S, chance)

    def look(self) -> None:
        """Something has changed."""
        self._news.set()

    @property
    def open_links(self) -> int:
        """Links that there are now."""
        return sum(peer.link.is_open for peer in self.peers.values())

    def view(self) -> dict[str, Any]:
        """For `/readyz`."""
        now_s = self._now_s()
        return {
            "adapter": self.adapter,
            "scanning": not self.why,
            "why": self.why,
            "links": self.open_links,
            "links_most": self._links,
            "connects": self.counts.connects,
            "failures": self.counts.failures,
            "lost": self.counts.lost,
            "called_off": self.counts.called_off,
            "foreign": len(self.counts.foreign),
            "boxes": [peer.shown(now_s) for peer in sorted(self.peers.values(), key=lambda each: each.name)],
        }

    async def run(self) -> None:
        """Until cancelled."""
        both = [asyncio.create_task(self._scan()), asyncio.create_task(self._serve())]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [*both, *(peer.task for peer in self.peers.values() if peer.task is not None)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            await task

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    # --- scanning

    async def _scan(self) -> None:
        while True:
            self.counts.scans += 1
            scanner = self._scanner(
                self._on_advertisement,
                service_uuids=[air.SERVICE],
                # Every advertisement, also one that says the same: by them a box is known to be there.
                bluez={"adapter": self.adapter, "filters": {"DuplicateData": True}},
            )
            try:
                await limited(scanner.start(), SCAN_START_S, f"{self.adapter}: scanning")
                self._up()
                await self._until_silent()
            except LinkError as error:
                self._down(str(error))
            finally:
                await self._stop(scanner)
            await asyncio.sleep(self._scan_again.next_s())

    async def _until_silent(self) -> None:
        began_s = self._now_s()
        while True:
            left_s = max(began_s, self._heard_s) + SILENT_S - self._now_s()
            if left_s <= 0 and not self._hears_by_link():
                return
            await asyncio.sleep(max(left_s, TICK_S))

    def _hears_by_link(self) -> bool:
        """All that are in reach may be connected, and who is connected advertises nothing."""
        return any(peer.link.is_open and peer.user.live for peer in self.peers.values())

    async def _stop(self, scanner: Any) -> None:
        try:
            await limited(scanner.stop(), GATT_S, f"{self.adapter}: ending a scan")
        except LinkError as error:
            self.counts.failures += 0 if self.why else 1
            self._log("radio.scan_not_stopped", adapter=self.adapter, why=str(error))

    def _up(self) -> None:
        self._scan_again.reset()
        if self.why:
            self.why = ""
            self._log("radio.up", adapter=self.adapter)

    def _down(self, why: str) -> None:
        if why != self.why:
            self.why = why
            self._log("radio.down", adapter=self.adapter, why=why)

    def _on_advertisement(self, device: BLEDevice, heard: AdvertisementData) -> None:
        self._heard_s = self._now_s()
        name = heard.local_name
        if not name:
            return  # its scan response was missed; it comes again
        peer = self.peers.get(device.address)
        if peer is None or peer.name != name:
            peer = self._meet(device, name)
            if peer is None:
                return
        state = air.read_state(heard.manufacturer_data.get(air.COMPANY, b""))
        peer.heard_s = self._heard_s
        peer.device = device
        peer.rssi = heard.rssi
        if state != peer.state:
            peer.state = state
            self.look()

    def _meet(self, device: BLEDevice, name: str) -> Peer | None:
        user = self._wishes.user(self.adapter, device.address, name)
        if user is None:
            if len(self.counts.foreign) < MOST_BOXES:
                self.counts.foreign.add(device.address)
            return None
        old = self.peers.get(device.address)
        if old is not None and old.task is not None:
            return None  # it took another name while we talk with it: after that
        self.counts.foreign.discard(device.address)
        if len(self.peers) >= MOST_BOXES:
            idle = [peer for peer in self.peers.values() if peer.task is None]
            if not idle:
                return None
            del self.peers[min(idle, key=lambda peer: peer.heard_s).address]
        url = f"ble://{device.address}"
        link = Link(url, self._never, user, self._chance)
        peer = Peer(device.address, name, device, user, link, Backoff(RETRY_FIRST_S, RETRY_CAP_S, self._chance))
        self.peers[device.address] = peer
        user.attach(link)
        return peer

    @staticmethod
    async def _never() -> Port:
        raise LinkError("a radio's link is opened by its radio")

    # --- links

    async def _serve(self) -> None:
        while True:
            self._news.clear()
            self._look()
            try:
                async with asyncio.timeout(TICK_S):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _look(self) -> None:
        now_s = self._now_s()
        candidates, held = [], []
        for peer in self.peers.values():
            if peer.task is not None:
                if peer is not self._attempt and not peer.going:
                    held.append(self._held(peer, now_s))
                elif peer.going:
                    held.append(Held(peer.address, Keep.BUSY, now_s))  # not free before it is closed
                continue
            want = None
            age_s = now_s - peer.heard_s
            if not self.why and age_s < CONNECTABLE_S:
                want = self._wishes.want(self.adapter, peer.user, peer.state, peer.rssi, age_s)
            is_held_off = now_s < peer.not_before_s
            asks_again = want is Want.ASK and now_s - peer.failed_s >= ASK_AGAIN_S
            if is_held_off and not asks_again:
                want = None
            if want is not peer.want:
                peer.want, peer.want_since_s = want, now_s
            if want is not None:
                # Who has failed stands behind those who have waited since before that.
                since_s = peer.failed_s if is_held_off else peer.want_since_s
                candidates.append(Candidate(peer.address, want, since_s))
        attempt = None if self._attempt is None else self._attempt.want
        todo = plan(now_s, candidates, held, self._links, attempt)
        for address in todo.let_go:
            self._let_go(self.peers[address])
        if todo.call_off and self._attempt is not None and not self._attempt.going:
            self.counts.called_off += 1
            self._let_go(self._attempt)
        if todo.connect is not None and self._attempt is None:
            self._attempt = peer = self.peers[todo.connect]
            peer.going = False
            self._wishes.began(self.adapter, peer.user)
            peer.task = asyncio.create_task(self._talk(peer))

    def _held(self, peer: Peer, now_s: float) -> Held:
        keep = self._wishes.keep(peer.user)
        if not peer.user.live:
            keep = Keep.BUSY
            if now_s - peer.opened_s >= UNPROVEN_S:
                peer.failures += 1
                peer.why = f"it proved nothing within {UNPROVEN_S:.0f} s"
                self._hold_off(peer)
                self._let_go(peer)
        if keep is not peer.keep:
            peer.keep, peer.keep_since_s = keep, now_s
        return Held(peer.address, keep, peer.keep_since_s)

    def _let_go(self, peer: Peer) -> None:
        if peer.task is not None and not peer.going:
            peer.going = True
            peer.task.cancel()

    def _hold_off(self, peer: Peer) -> None:
        peer.failed_s = self._now_s()
        peer.not_before_s = peer.failed_s + peer.retry.next_s()

    async def _talk(self, peer: Peer) -> None:
        """One connection from its beginning to its end."""
        end = End.CALLED_OFF
        failed_s = peer.failed_s
        try:
            try:
                port = await self._connect(peer.link.url, peer.device, self.adapter)
            finally:
                self._attempt = None
                self.look()
            peer.connects += 1
            self.counts.connects += 1
            peer.opened_s = self._now_s()
            peer.keep, peer.keep_since_s = Keep.BUSY, peer.opened_s
            try:
                why = await peer.link.carry(port)
                end = End.BROKE if peer.user.live else End.FAILED
            except asyncio.CancelledError:
                if peer.user.live:
                    end = End.GIVEN_BACK
                elif peer.failed_s != failed_s:
                    end = End.FAILED  # it had its time
                peer.user.let_go()
                raise
            peer.lost += 1
            self.counts.lost += 1
            peer.why = why
            peer.user.lost(why)
            if end is End.FAILED:
                self._hold_off(peer)
        except LinkError as error:
            end = End.FAILED
            peer.failures += 1
            self.counts.failures += 1
            peer.why = str(error)
            self._hold_off(peer)
        finally:
            if end in (End.GIVEN_BACK, End.BROKE):
                peer.retry.reset()
            peer.task = None
            peer.going = False
            self._wishes.ended(self.adapter, peer.user, peer.want, end)
            self.look()
