#!/usr/bin/env python3
"""What a user would write instead, for events as they happen: they come as datagrams over a Unix
socket, one event each, and `websockets` broadcasts each to whoever is connected.

    websockets_live_peer.py SOCKET

Prints `listening on PORT` once it serves.
"""
import asyncio
import socket
import sys

try:
    from websockets import broadcast, serve as listen  # an uninstalled package may leave an empty folder
except ImportError as error:
    raise SystemExit(f"websockets_live_peer.py: {error}; install python3-websockets (scripts/install.sh --tests does)")


async def main(path):
    clients = set()
    events = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    events.bind(path)
    events.setblocking(False)

    def take():
        # A handful, so that what is broadcast also gets out.
        for _ in range(64):
            try:
                event = events.recv(65536)
            except BlockingIOError:
                return
            broadcast(clients, event)

    async def serve(client, *_):
        clients.add(client)
        await client.send('{"type":"live"}')
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    asyncio.get_running_loop().add_reader(events, take)
    async with listen(serve, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


try:
    asyncio.run(main(sys.argv[1]))
except OSError as error:
    raise SystemExit(f"websockets_live_peer.py: {sys.argv[1]}: {error}")
