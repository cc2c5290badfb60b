"""`python -m tests.sample_web --data DIR`: serve the sample web until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import threading
from pathlib import Path

from .server import Proxy


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input closes."""
    data = options.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.until_eof:

        def watch() -> None:
            while os.read(0, 4096):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=watch, daemon=True).start()
    with (options.log or data / "access.jsonl").open("a", encoding="utf-8") as log:
        proxy = Proxy(data, log)
        server = await proxy.start(options.port)
        port = server.sockets[0].getsockname()[1]
        ready = {"proxy": f"http://127.0.0.1:{port}", "ca": str(proxy.authority.ca_file)}
        print(json.dumps(ready), flush=True)
        await stop.wait()
        server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.sample_web", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for CA, certificates and log")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--log", type=Path, help="request log, one JSON object a line (DIR/access.jsonl)")
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input closes")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
