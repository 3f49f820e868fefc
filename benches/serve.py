#!/usr/bin/env python3
"""The server under a steady load: so many questions a second, asked when they are due whether or not the last is answered.

    cargo build --release
    benches/serve.py --davy target/release/davy --rate 200 --seconds 60

Latencies count from the moment at which a question was due, so a server that stalls is not spared. Prints a row of
`reports/benches/serve.md`, and exits with 1 if any answer is wrong.
"""

import argparse
import collections
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).parent.parent
# a gate and the verdict that it must get
GATES = {"redis-migration-5-healthy": "pass", "redis-migration-5-redis-slow": "fail", "supplement-search-10-healthy": "pass"}


def ask(host, due, gates, taken, wrong):
    """Asks what is due, one connection for many questions."""
    connection = http.client.HTTPConnection(host, timeout=60)
    while True:
        with due["lock"]:
            at, number = due["next"]
            if at >= due["end"]:
                return
            due["next"] = (at + due["every"], number + 1)
        time.sleep(max(0.0, at - time.monotonic()))
        gate, verdict = gates[number % len(gates)]
        # a question of its own, so that no two share a judgement
        now = f"2026-06-01T00:00:{number % 60:02}.{number:06}Z"
        try:
            connection.request("POST", "/v1/judge", json.dumps({"config": gate, "wait": 60, "now": now}))
            answer = connection.getresponse()
            found = json.loads(answer.read()).get("verdict")
        except (OSError, ValueError, http.client.HTTPException) as error:
            found, connection = repr(error), http.client.HTTPConnection(host, timeout=60)
        taken.append(time.monotonic() - at)
        if found != verdict:
            wrong[f"{gate}: {found}"] += 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--davy", default=str(ROOT / "target/release/davy"))
    arguments.add_argument("--rate", type=float, default=200)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--callers", type=int, default=64)
    arguments.add_argument("--gates", nargs="*", default=list(GATES))
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keep = pathlib.Path(folder) / "keep"
        command = [options.davy, "--quiet", "serve", "--configs", str(ROOT / "fixtures/cases"), "--keep", str(keep), "--keep-at-most", "1000000", "--listen", "127.0.0.1:7979", "--at-once", "64"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                for _ in range(100):
                    try:
                        http.client.HTTPConnection("127.0.0.1:7979", timeout=5).request("GET", "/healthz")
                        break
                    except OSError:
                        time.sleep(0.05)
                start = time.monotonic() + 0.2
                due = {"lock": threading.Lock(), "next": (start, 0), "every": 1 / options.rate, "end": start + options.seconds}
                gates = [(gate, GATES[gate]) for gate in options.gates]
                taken, wrong = [], collections.Counter()
                callers = [threading.Thread(target=ask, args=("127.0.0.1:7979", due, gates, taken, wrong)) for _ in range(options.callers)]
                for caller in callers:
                    caller.start()
                for caller in callers:
                    caller.join()
                took = time.monotonic() - start
                memory = next(line.split()[1] for line in pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
            finally:
                server.terminate()
        kept = len(list(keep.glob("*.json")))
    cut = statistics.quantiles(taken, n=1000)
    row = [", ".join(options.gates), f"{options.rate:.0f}", f"{len(taken)}", f"{len(taken) / took:.0f}", f"{1000 * cut[499]:.1f}", f"{1000 * cut[949]:.1f}", f"{1000 * cut[989]:.1f}", f"{1000 * max(taken):.0f}", f"{sum(wrong.values())}", f"{int(memory) / 1024:.0f}"]
    print("| " + " | ".join(row) + " |")
    if wrong or kept != len(taken):
        print(f"wrong: {dict(wrong)}; {kept} of {len(taken)} verdicts kept", file=sys.stderr)
        sys.exit(1)


main()
