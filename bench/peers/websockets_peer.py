"""What a user would pick instead: a dashboard on Python's `websockets` that keeps the events in
memory and sends them to whoever connects.

    websockets_peer.py json COUNT       a JSON text message an event (the dashboard of today)
    websockets_peer.py joined BYTES     one binary message of so many bytes, each its number modulo 251

Prints `listening on PORT` once it serves.
"""
import asyncio
import json
import sys

try:
    from websockets import serve as listen  # an uninstalled package may leave an empty folder
except ImportError as error:
    raise SystemExit(f"websockets_peer.py: {error}; install python3-websockets (scripts/install.sh --tests does)")


def events(count):
    """Dictionaries with the fields of an embedding event, as a producer would have sent them."""
    return [
        {
            "episode_id": f"train-{i:05d}", "host_id": "host", "profile": "fashion-mnist",
            "x": i * 1e-5, "y": 1 - i * 1e-5, "z": (i % 997) * 1e-3,
            "phase_int": i % 10, "predicted_int": i % 9, "cluster": i % 8, "is_train": i % 5 != 0,
        }
        for i in range(count)
    ]


async def main(kind, amount):
    retained = events(amount) if kind == "json" else (bytes(range(251)) * (amount // 251 + 1))[:amount]

    async def serve(socket, *_):
        if kind == "json":
            for event in retained:
                await socket.send(json.dumps(event))
        else:
            await socket.send(retained)
        await socket.wait_closed()

    async with listen(serve, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
