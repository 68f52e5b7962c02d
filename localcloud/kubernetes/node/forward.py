"""Forwards connections of listening sockets that belong to another network namespace than the process.

A socket stays in the namespace that it was made in. So a listener of the host is made before the node's namespaces, and
accepted inside them; a listener of the node is handed out and accepted on the host. Neither needs a route.

`python -m localcloud.kubernetes.node.forward JSON`, where JSON lists [file descriptor, address, port].
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import suppress

_CHUNK = 1 << 16


async def serve(listener: socket.socket, address: str, port: int) -> asyncio.Server:
    """Forward every connection of `listener` to `address`:`port` of this process's namespace."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            for side in (writer, far_writer):
                side.close()

    listener.setblocking(False)
    return await asyncio.start_server(connected, sock=listener)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; the end is passed on, so that the other direction may still finish."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _main(forwards: list[tuple[int, str, int]]) -> None:
    servers = [await serve(socket.socket(fileno=number), address, port) for number, address, port in forwards]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
