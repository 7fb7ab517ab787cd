"""The edge to Bluetooth: one connection to one box as a port of bytes; foreign exceptions become `LinkError`.

No GATT call has a time limit of its own (bleak#691), so each gets one here. After any failure the connection object is
thrown away: on a link that has lost its step bleak raises whatever it stumbles over.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice

from hub.links.errors import LinkError
from protocol import air

CONNECT_S = 10.0  # a connect takes 0.5 to 2 s; one that takes longer than this is better begun anew
GATT_S = 5.0  # a write takes two connection events; BlueZ itself would wait 30 s
CANCEL_S = 5.0  # for BlueZ to call an attempt off
MOST_BYTES = 64 * 1024  # held until somebody reads; a box can't send as much in a minute
Result = TypeVar("Result")


async def limited(work: Coroutine[Any, Any, Result], limit_s: float, what: str) -> Result:
    """The result within a time limit, every way to fail as `LinkError`."""
    try:
        async with asyncio.timeout(limit_s):
            return await work
    except TimeoutError:
        raise LinkError(f"{what}: no answer within {limit_s:.0f} s") from None
    except LinkError:
        raise
    except Exception as error:
        # Whatever bleak and dbus-fast raise, assertions included: their state is not ours to repair.
        raise LinkError(f"{what}: {error or repr(error)}") from error


class BlePort:
    """Made by `open_ble`; `read`, `write` and `close` as any port."""

    def __init__(self, url: str, device: BLEDevice, adapter: str) -> None:
        self._url = url
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._held_bytes = 0
        self._why = ""
        self._closed = False
        self._client = BleakClient(
            device,
            disconnected_callback=lambda _: self._end("the link is gone"),
            services=[air.SERVICE],
            timeout=CONNECT_S,
            bluez={"adapter": adapter},
        )

    async def open(self) -> Self:
        """Connects, finds the two characteristics, listens; raises `LinkError`."""
        try:
            await limited(self._client.connect(), CONNECT_S, f"{self._url}: connecting")
            await limited(self._begin(), GATT_S, f"{self._url}: asking for notifications")
        except BaseException:
            await self.close()
            raise
        return self

    async def _begin(self) -> None:
        write = self._client.services.get_characteristic(air.TO_DEVICE)
        notify = self._client.services.get_characteristic(air.TO_HUB)
        if write is None or notify is None:
            raise LinkError(f"{self._url}: has not our service's characteristics; flash this box again")
        self._write = write
        # What the MTU lets through; 20 where BlueZ doesn't tell, and never more than a box's attribute holds.
        self._size = min(write.max_write_without_response_size, air.BURST_BYTES)
        await self._client.start_notify(notify, self._came)

    def _came(self, _: BleakGATTCharacteristic, value: bytearray) -> None:
        self._held_bytes += len(value)
        if self._held_bytes > MOST_BYTES:
            self._end(f"more than {MOST_BYTES} bytes that nobody read")
        elif value:
            self._heard.put_nowait(bytes(value))

    def _end(self, why: str) -> None:
        if not self._why:
            self._why = why
            self._heard.put_nowait(b"")

    async def read(self) -> bytes:
        """At least one byte; raises `LinkError` when the link is gone."""
        data = await self._heard.get()
        if not data:
            raise LinkError(f"{self._url}: {self._why}")
        self._held_bytes -= len(data)
        return data

    async def write(self, data: bytes) -> None:
        """In pieces; the last one, and each after which the box's buffer may be full, is answered by the box."""
        unanswered = 0
        for at in range(0, len(data), self._size):
            piece = data[at : at + self._size]
            unanswered += len(piece)
            answered = at + self._size >= len(data) or unanswered + self._size > air.BURST_BYTES
            if self._why:
                raise LinkError(f"{self._url}: {self._why}")
            await limited(
                self._client.write_gatt_char(self._write, piece, response=answered), GATT_S, f"{self._url}: writing"
            )
            if answered:
                unanswered = 0

    async def close(self) -> None:
        """Lets go of the link; a link that is gone is closed all the same."""
        if self._closed:
            return
        self._closed = True
        self._end("closed")
        try:
            await limited(self._client.disconnect(), GATT_S, f"{self._url}: letting go")
        except LinkError as error:
            self.close_error = str(error)


async def open_ble(url: str, device: BLEDevice, adapter: str) -> BlePort:
    """A fresh connection; raises `LinkError`."""
    return await BlePort(url, device, adapter).open()
