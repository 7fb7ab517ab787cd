"""Kiosks as a load: bare HTTP on open connections, so that what is measured is the hub and not the one who asks."""

import asyncio
import json
import uuid
from urllib.parse import urlsplit

from tools.bench.small import BenchError

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


async def take(url: str, token: str, tickets: int, clients: int) -> None:
    """So many numbers through the hub's door, each durable before the next is asked for on its connection."""
    await asyncio.gather(*(_kiosk(url, token, tickets // clients) for _ in range(clients)))


async def _kiosk(url: str, token: str, tickets: int) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"POST /api/v1/tickets HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    try:
        for _ in range(tickets):
            body = json.dumps({"service": "A", "id": str(uuid.uuid4())}).encode()
            writer.write(head + str(len(body)).encode() + _HEAD_END + body)
            answer = (await reader.readuntil(_HEAD_END)).lower()
            said = await reader.readexactly(int(answer.partition(_LENGTH)[2].split(b"\r\n", 1)[0]))
            if b" 201 " not in answer[:16]:
                raise BenchError(f"no number: {said.decode()}")
    finally:
        writer.close()
