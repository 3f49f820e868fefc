"""What asking CloudWatch takes before the network: from start to the first request, and for a million points.

    PYTHON benches/aws.py target/release/davy        # a Python with cbor2

The server is this script, on loopback: it answers GetMetricData as the public documentation has it, in pages of 100,800
points. Its own time is in the wall time of the second table, not in davy's CPU time. Calls and memory do not depend on the
machine.
"""

import datetime
import http.server
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import cbor2

DAVY = pathlib.Path(sys.argv[1]).resolve()
POINTS = 100_800
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "HOME": "/nonexistent"}


def config(metrics, hours):
    end = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) - datetime.timedelta(minutes=10)
    start = end - datetime.timedelta(hours=hours)
    lines = [
        "name: bench",
        "arms: { baseline: { version: 41 }, canary: { version: 42 } }",
        f"window: {{ from: {start:%Y-%m-%dT%H:%M:%SZ}, to: {end:%Y-%m-%dT%H:%M:%SZ}, step: 1m }}",
        "sources: { s: { cloudwatch: { region: us-east-1, namespace: Shop/Orders, dimensions: { V: \"${version}\" } } } }",
        "metrics:",
        *(f"  m{i}: {{ gauge: {{ metric: M{i}, stat: Average }} }}" for i in range(metrics)),
        "criteria:",
        *(f"  - {{ metric: m{i}, pass: \"<= baseline + 5%\" }}" for i in range(metrics)),
    ]
    return "\n".join(lines) + "\n"


def first_request(path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        davy = subprocess.Popen([DAVY, "fetch", path], env=KEYS | {"AWS_ENDPOINT_URL": address}, stdout=-3, stderr=-3)
        connection, _ = listener.accept()
        connection.recv(1)
        took = time.monotonic() - began
        davy.kill()
        davy.wait()
        connection.close()
        return took * 1000


class CloudWatch(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = cbor2.loads(self.rfile.read(int(self.headers["content-length"])))
        seconds = [t if isinstance(t, (int, float)) else t.timestamp() for t in (asked["StartTime"], asked["EndTime"])]
        count = int((seconds[1] - seconds[0]) // 60)
        times = [cbor2.CBORTag(1, seconds[0] + 60 * i) for i in range(count)]
        ids = [query["Id"] for query in asked["MetricDataQueries"]]
        at, fit = int(asked.get("NextToken") or 0), max(1, POINTS // count)
        result = lambda name: {"Id": name, "Label": name, "Timestamps": times, "StatusCode": "Complete",
                               "Values": [100.0 + (7 * i) % 13 for i in range(count)]}
        answer = {"MetricDataResults": [result(name) for name in ids[at:at + fit]]}
        if at + fit < len(ids):
            answer["NextToken"] = str(at + fit)
        body = cbor2.dumps(answer)
        self.send_response(200)
        for header in (("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"),
                       ("content-length", str(len(body)))):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def many(path, address):
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    davy = subprocess.Popen([DAVY, "fetch", "-v", path], env=KEYS | {"AWS_ENDPOINT_URL": address}, stdout=-3, stderr=-1)
    told = davy.stderr.read().decode()
    davy.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    calls = int(re.search(r"GetMetricData (\d+)", told)[1])
    return calls, time.monotonic() - began, cpu, after.ru_maxrss / 1024


def row(name, values, unit):
    ordered = " ".join(f"{value:.4g}" for value in sorted(values))
    print(f"{name:<34} median {statistics.median(values):8.4g} {unit:<4} runs {ordered}")


with tempfile.TemporaryDirectory() as folder:
    small, large = (os.path.join(folder, name) for name in ("small.yaml", "large.yaml"))
    pathlib.Path(small).write_text(config(1, 1))
    pathlib.Path(large).write_text(config(500, 24))
    row("start to the first request", [first_request(small) for _ in range(21)], "ms")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CloudWatch)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runs = [many(large, f"http://127.0.0.1:{server.server_port}") for _ in range(5)]
    print("500 metrics, 2 arms, 24 h of minutes: 1,440,000 points")
    for name, unit, at in (("calls", "", 0), ("wall, the server's time in it", "s", 1), ("davy's CPU", "s", 2)):
        row(f"  {name}", [run[at] for run in runs], unit)
    row("  peak memory (of any run)", [runs[-1][3]], "MB")
