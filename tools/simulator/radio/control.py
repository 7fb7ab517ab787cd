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

from tools.simulator.errors import SimulatorError
from tools.simulator.radio.air import Air, Conditions
from tools.simulator.radio.bluez import Bluez
from tools.simulator.radio.peripheral import Peripheral
from tools.simulator.radio.stranger import Stranger


class Control:
    """The verbs. `peripherals`: address → the board's radio."""

    def __init__(self, air: Air, bluez: Bluez, peripherals: dict[str, Peripheral]) -> None:
        self._air = air
        self._bluez = bluez
        self._peripherals = peripherals
        self._strangers: list[Stranger] = []
        self._verbs: dict[str, Callable[..., Any]] = {
            "conditions": self._conditions,
            "rssi": self._rssi,
            "out_of_reach": air.out_of_reach,
            "lose": air.drop,
            "freeze": air.freeze,
            "room": lambda address, notifications: self._peripheral(address).room(notifications),
            "unplug": lambda adapter: bluez.adapter(adapter).unplug(),
            "plug": lambda adapter: bluez.adapter(adapter).plug(),
            "bluetoothd": lambda up: bluez.rise() if up else bluez.die(),
            "bus": lambda up: bluez.start_bus() if up else bluez.stop_bus(),
            "stranger": self._stranger,
            "strangers_leave": self._strangers_leave,
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

    def _rssi(self, address: str, dbm: int) -> None:
        self._air.rssi[address] = dbm

    def _peripheral(self, address: str) -> Peripheral:
        found = self._peripherals.get(address)
        if found is None:
            raise SimulatorError(f"no board {address} is on the air; there are {', '.join(self._peripherals)}")
        return found

    def _stranger(self, address: str, write: bool = False, new_address: bool = False) -> None:
        made = Stranger(self._air, len(self._strangers))
        self._strangers.append(made)
        made.molest(address, write=write, new_address=new_address)

    async def _strangers_leave(self) -> int:
        strangers, self._strangers = self._strangers, []
        for stranger in strangers:
            await stranger.leave()
        return sum(stranger.connects for stranger in strangers)

    def _stats(self) -> dict[str, Any]:
        return {
            "boards": sorted(self._peripherals),
            "adapters": {
                adapter.path.rpartition("/")[2]: {
                    "present": adapter.present,
                    "links": adapter.links,
                    "connects": adapter.connects,
                    "most_links": adapter.most_links,
                }
                for adapter in self._bluez.adapters
            },
            "strangers": [stranger.connects for stranger in self._strangers],
        }
