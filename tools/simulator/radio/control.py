"""Faults on purpose over a local socket: one JSON object a line, one answer a line.

client → server: {"verb": "lose", "arguments": {"address": "C0:…"}}
server → client: {"result": …}  or  {"error": "what was wrong"}
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import fields
from inspect import isawaitable
from typing import Any

from bumble.device import Device
from bumble.hci import OwnAddressType

from protocol.air import STATE_BYTES, read_state
from tools.simulator.errors import SimulatorError
from tools.simulator.radio.air import Air, Conditions
from tools.simulator.radio.bluez import Bluez
from tools.simulator.radio.peripheral import Peripheral, device
from tools.simulator.radio.stranger import Stranger

REPLAY_MS = 100.0


class Control:
    """The verbs. `peripherals`: address → the board's radio; `replayed`: address → scan response of a recording."""

    def __init__(self, air: Air, bluez: Bluez, peripherals: dict[str, Peripheral], replayed: dict[str, bytes]) -> None:
        self._replayed = replayed
        self._air = air
        self._bluez = bluez
        self._peripherals = peripherals
        self._strangers: list[Stranger] = []
        self._replay_device: Device | None = None
        self._verbs: dict[str, Callable[..., Any]] = {
            "conditions": self._conditions,
            "rssi": self._rssi,
            "out_of_reach": air.out_of_reach,
            "lose": air.drop,
            "lose_after": air.lose_after,
            "replay": self._replay,
            "replay_ends": self._replay_ends,
            "freeze": air.freeze,
            "room": lambda address, notifications: self._peripheral(address).room(notifications),
            "unplug": lambda adapter: bluez.adapter(adapter).unplug(),
            "plug": lambda adapter: bluez.adapter(adapter).plug(),
            "bluetoothd": lambda up: bluez.rise() if up else bluez.die(),
            "bus": lambda up: bluez.start_bus() if up else bluez.stop_bus(),
            "stranger": self._stranger,
            "strangers_leave": self._strangers_leave,
            "advertised": self._advertised,
            "connects_ms": lambda: list(bluez.adapters[0].connects_ms),
            "forget_connects": bluez.adapters[0].connects_ms.clear,
            "stats": self._stats,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass  # it has what it wanted
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            result = self._verbs[request["verb"]](**request.get("arguments", {}))
            return {"result": await result if isawaitable(result) else result}
        except SimulatorError as error:
            return {"error": str(error)}
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return {"error": f"not a request ({error!r}); verbs: {', '.join(self._verbs)}"}

    def _conditions(self, **changes: Any) -> None:
        known = {field.name for field in fields(Conditions)}
        if unknown := sorted(set(changes) - known):
            raise SimulatorError(f"no condition {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        for name, value in changes.items():
            setattr(self._air.conditions, name, value)

    def _rssi(self, address: str, dbm: int, adapter: str = "") -> None:
        """How strong all adapters hear it, or one of them."""
        self._air.rssi[adapter, address] = dbm

    def _peripheral(self, address: str) -> Peripheral:
        found = self._peripherals.get(address)
        if found is None:
            raise SimulatorError(f"no board {address} is on the air; there are {', '.join(self._peripherals)}")
        return found

    def _advertised(self, address: str) -> dict[str, Any]:
        state = read_state(self._peripheral(address).advertisement[-STATE_BYTES:])
        calls, pending, following, settings = state or (False, 0, 0, 0)
        return {"calls": calls, "pending": pending, "following": following, "settings": settings}

    def _stranger(self, address: str, write: bool = False, new_address: bool = False, again_s: float = 0.0) -> None:
        made = Stranger(self._air, len(self._strangers))
        self._strangers.append(made)
        made.molest(address, write=write, new_address=new_address, again_s=again_s)

    async def _strangers_leave(self) -> int:
        strangers, self._strangers = self._strangers, []
        for stranger in strangers:
            await stranger.leave()
        return sum(stranger.connects for stranger in strangers)

    async def _replay(self, address: str, new_address: str) -> None:
        """What a box advertises now is recorded, and from then on played again under another address."""
        recorded = self._peripheral(address)
        self._replay_device, _ = device("recorder", new_address, self._air)
        await self._replay_device.power_on()
        self._replayed[new_address] = recorded.scan_response
        await self._replay_device.start_advertising(
            own_address_type=OwnAddressType.RANDOM,
            auto_restart=True,
            advertising_data=recorded.advertisement,
            scan_response_data=recorded.scan_response,
            advertising_interval_min=REPLAY_MS,
            advertising_interval_max=REPLAY_MS,
        )

    async def _replay_ends(self) -> None:
        if self._replay_device is not None:
            await self._replay_device.stop_advertising()

    def _stats(self) -> dict[str, Any]:
        return {
            "boards": sorted(self._peripherals),
            "adapters": {
                adapter.path.rpartition("/")[2]: {
                    "present": adapter.present,
                    "links": adapter.links,
                    "tried": dict(adapter.tried),
                    "most_links": adapter.most_links,
                }
                for adapter in self._bluez.adapters
            },
            "strangers": [stranger.connects for stranger in self._strangers],
        }
