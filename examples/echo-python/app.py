# Answers every message with itself, with the `websockets` package.
import asyncio
import os

import websockets


async def serve(websocket, path=None):
    print(f"pid {os.getpid()} serves a connection")
    async for message in websocket:
        await websocket.send(message)


async def main():
    async with websockets.serve(serve, "0.0.0.0", 9000):
        print("listening on 0.0.0.0:9000")
        await asyncio.Future()


asyncio.run(main())
