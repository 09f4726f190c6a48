"""Which web server keeps its head: uvicorn (h11, httptools), hypercorn, granian, and ours.

Usage: ``python -m bench.servers [SECONDS]``. Each serves the same small application (a constant
body) in one process with the strictest settings that it offers; then it is asked, attacked and
measured. Prints a table in Markdown for docs/decisions.md.

- req/s, CPU: 16 kept connections, one request at a time on each.
- silent: seconds until a connection that says nothing is closed ("–": still open after the wait).
- trickle: the same for headers that come a byte at a time.
- header: bytes of one header that it took before it refused or closed, of 4 MB offered.
- crowd: of 1500 silent connections from one address, how many it holds; and the time of a request
  from the same address meanwhile.
- idle MB: what its memory grew by for these.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

from bench.load import children, run

PORT = 18790
WAIT = 16.0
BODY = 4000
APP = f"""
BODY = b"x" * {BODY}
HEAD = [(b"content-type", b"application/json"), (b"content-length", b"{BODY}")]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({{"type": message["type"] + ".complete"}})
            if message["type"] == "lifespan.shutdown":
                return
    await send({{"type": "http.response.start", "status": 200, "headers": HEAD}})
    await send({{"type": "http.response.body", "body": BODY}})
"""
UVICORN = """
import uvicorn
from constant import app
uvicorn.run(app, port=%d, http="%s", ws="none", log_level="critical", access_log=False,
            timeout_keep_alive=10, limit_concurrency=1000, h11_max_incomplete_event_size=65536)
"""
OURS = """
import asyncio
import uvicorn
from constant import app
from graph_service.accepting import Server
from graph_service.connections import Limits
from graph_service.guarded import guarded
from graph_service.processes import listen, room_for_files
room_for_files()
protocol, _ = guarded(Limits())
config = uvicorn.Config(app, http=protocol, ws="none", log_level="critical", access_log=False)
asyncio.run(Server(config).serve(sockets=[listen("127.0.0.1", %d)]))
"""
SERVERS = {
    "uvicorn, h11": [sys.executable, "-c", UVICORN % (PORT, "h11")],
    "uvicorn, httptools": [sys.executable, "-c", UVICORN % (PORT, "httptools")],
    "hypercorn": [
        *(sys.executable, "-m", "hypercorn", "constant:app", "--bind", f"127.0.0.1:{PORT}"),
        *("--keep-alive", "10", "--read-timeout", "10", "--log-level", "critical"),
    ],
    "granian": [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "constant:app"),
        *("--port", str(PORT), "--no-ws", "--log-level", "critical"),
        *("--http1-header-read-timeout", "10000", "--http1-buffer-size", "65536"),
    ],
    "ours (uvicorn, httptools, guarded)": [sys.executable, "-c", OURS % PORT],
}


def memory(pid: int) -> float:
    """Megabytes that a server's processes hold."""
    total = 0
    for each in children(pid):
        try:
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1])
        except FileNotFoundError:
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6


def ask() -> float:
    """Seconds of one request on a new connection.

    Raises:
        OSError: it was not answered.
    """
    begun = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise OSError(f"answered {answer.status}")
    return time.perf_counter() - begun


def silent(trickle: bool) -> str:
    """Seconds until a connection that says nothing, or one byte a second, is closed."""
    with socket.create_connection(("127.0.0.1", PORT)) as connection:
        if trickle:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        connection.settimeout(0.5)
        begun = time.perf_counter()
        while (waited := time.perf_counter() - begun) < WAIT:
            try:
                if trickle:
                    connection.sendall(b"y")
                if not connection.recv(1000):
                    return f"{waited:.0f} s"
            except TimeoutError:
                continue
            except OSError:
                return f"{waited:.0f} s"
    return "–"


def header() -> str:
    """Bytes of one header that are taken, of four megabytes."""
    with socket.create_connection(("127.0.0.1", PORT)) as connection:
        connection.settimeout(3)
        sent = 0
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
            for _ in range(256):
                connection.sendall(b"x" * 16_384)
                sent += 16_384
                connection.setblocking(False)
                try:
                    if connection.recv(1) in (b"", b"H"):
                        break
                except BlockingIOError:
                    pass
                connection.setblocking(True)
                connection.settimeout(3)
                time.sleep(0.001)
        except OSError:
            pass
    return "all 4 MB" if sent >= 4 * 1024**2 else f"{sent // 1024} KB"


def crowd(pid: int) -> tuple[str, str, str]:
    """Silent connections held of 1500, time of a request meanwhile, memory that it took."""
    before = memory(pid)
    connections = []
    for _ in range(1500):
        try:
            connections.append(socket.create_connection(("127.0.0.1", PORT), timeout=2))
        except OSError:
            break
    time.sleep(1.0)
    try:
        meanwhile = f"{max(ask() for _ in range(5)) * 1000:.0f} ms"
    except OSError as error:
        meanwhile = f"no answer ({error})"
    grown = memory(pid) - before
    held = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            held += connection.recv(1) != b""
        except BlockingIOError:
            held += 1
        except OSError:
            pass
        connection.close()
    return str(held), meanwhile, f"{grown:.0f}"


def main() -> None:
    """Measure each and print the table."""
    import resource
    import tempfile

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    print(
        "| server | req/s | µs CPU | silent | trickle | header | held of 1500 | meanwhile | idle MB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "constant.py").write_text(APP)
        path = os.pathsep.join([folder, str(Path.cwd())])
        for name, command in SERVERS.items():
            process = subprocess.Popen(
                command,
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                for _ in range(100):
                    try:
                        ask()
                        break
                    except OSError:
                        time.sleep(0.1)
                pids = children(process.pid)
                rates = [
                    run(("127.0.0.1", PORT), ["/"], seconds=seconds, connections=16, pids=pids)
                    for _ in range(3)
                ]
                best = max(rates, key=lambda r: r.rate)
                cells = [
                    f"{best.rate:.0f}",
                    f"{min(r.cpu for r in rates):.0f}",
                    silent(trickle=False),
                    silent(trickle=True),
                    header(),
                    *crowd(process.pid),
                ]
                print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
            finally:
                for pid in reversed(children(process.pid)):
                    os.kill(pid, 15)
                process.wait()
                time.sleep(0.5)


if __name__ == "__main__":
    main()
