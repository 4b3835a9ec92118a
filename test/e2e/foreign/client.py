# A client of the Python `websockets` package: connects to the URL, takes the steps it is given as JSON, and prints
# what it saw as JSON. Steps: ["send", text], ["send-bytes", count], ["receive"], ["close", code, reason], ["cut"],
# ["wait"] (for the end), ["ping"].
import asyncio
import json
import sys

import websockets


async def main(url, steps):
    seen = {"messages": [], "status": None, "body": None, "closeCode": None, "closeReason": None}
    try:
        socket = await websockets.connect(url, max_size=None, subprotocols=["first", "second"])
    except websockets.exceptions.InvalidStatusCode as error:
        seen["status"] = error.status_code
        return seen
    seen["subprotocol"] = socket.subprotocol
    seen["extensions"] = [extension.name for extension in socket.extensions]
    try:
        for step, *arguments in steps:
            if step == "send":
                await socket.send(arguments[0])
            elif step == "send-bytes":
                # Random enough that compression does not make it shorter.
                await socket.send(__import__("os").urandom(arguments[0]))
            elif step == "receive":
                message = await socket.recv()
                seen["messages"].append(message if isinstance(message, str) else len(message))
            elif step == "ping":
                await (await socket.ping("are you there"))
            elif step == "close":
                await socket.close(*arguments)
            elif step == "cut":
                socket.transport.abort()
            elif step == "wait":
                await socket.wait_closed()
    except websockets.exceptions.ConnectionClosed:
        pass
    await socket.wait_closed()
    seen["closeCode"] = socket.close_code
    seen["closeReason"] = socket.close_reason
    return seen


print(json.dumps(asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))))
