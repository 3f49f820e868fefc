"""Raw requests beside other tools: the same rows, the same answer, whole processes in turn.

    PYTHON benches/requests.py DAVY DATA [--rows 1e7] [--runs 5] [--cores 1,2] [--peers duckdb,polars,...] [--bound BOUND]

DAVY is a release binary with Parquet (`cargo build --release`). DATA is a folder for requests.csv and requests.parquet, which
are made there if they are not. The generator and the other tools' scripts are those beside the project (DAVY_SHARED, default
../shared); PYTHON needs what they do: numpy, pyarrow, duckdb, polars, pandas, chdb, datafusion. BOUND is their parser of this
one file layout and nothing else, compiled: how fast it could be.

The answer: requests, errors, p50, p95 and p99 of the latency, per arm and minute and per arm. Other tools have two ways to it:
`exact` percentiles, and `hist`, logarithmic buckets of 2 % from which percentiles would follow; the faster counts. davy's
histogram is of 0.1 %. What davy answers is compared with DuckDB's exact answer first: counts and errors have to be equal, and
percentiles are compared with the nearer of DuckDB's two: an order statistic, or between two.

Every figure is the operating system's for a whole process, start and imports included: wall and CPU seconds, peak memory.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("davy")
parser.add_argument("data")
parser.add_argument("--rows", default="1e7")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--cores", default="1,2")
parser.add_argument("--formats", default="csv,parquet")
parser.add_argument("--peers", default="duckdb,polars,pandas,chdb,datafusion")
parser.add_argument("--bound")
parser.add_argument("--json")
args = parser.parse_args()
SHARED = pathlib.Path(os.environ.get("DAVY_SHARED", "../shared")) / "bench"
DATA = pathlib.Path(args.data)


def command(peer, fmt, job, cores):
    path = str(DATA / f"requests.{fmt}")
    if peer == "davy":
        return [args.davy, "-q", "sketch", path, "--latency", "latency_ms", "--status", "status", "--csv", "/dev/null"]
    if peer == "bound":
        return [args.bound, job, path, str(cores)]
    script = SHARED / "peers" / f"run_{peer}.py"
    extra = ["--reader", "pyarrow"] if peer == "pandas" and fmt == "csv" else []
    return [sys.executable, str(script), "--input", path, "--job", job, "--threads", str(cores), *extra]


def once(cmd, cores):
    pinned = ["taskset", "-c", ",".join(map(str, range(cores))), *cmd]
    began = time.perf_counter()
    process = subprocess.Popen(pinned, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    stderr = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        print(f"  {' '.join(cmd[:4])} … failed ({code}): {stderr.decode()[-300:]}", file=sys.stderr)
        return None
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def minutes(path):
    with open(path) as file:
        return {(row["arm"], row["time"]): row for row in csv.DictReader(file)}


def check():
    """davy's answer beside DuckDB's."""
    import duckdb

    ours = DATA / "davy.csv"
    subprocess.run([*command("davy", "csv", "", 2)[:-1], str(ours)], check=True, stdout=subprocess.DEVNULL)
    theirs = duckdb.sql(f"""SELECT arm, ts // 60000 AS minute, count(*) AS n, count(*) FILTER (status >= 500) AS e,
        quantile_disc(latency_ms, [0.5, 0.95, 0.99]) AS low, quantile_cont(latency_ms, [0.5, 0.95, 0.99]) AS q
        FROM '{DATA / "requests.csv"}' GROUP BY ALL""").fetchall()
    known, worst = minutes(ours), 0.0
    assert len(known) == len(theirs), (len(known), len(theirs))
    for arm, minute, n, errors, low, between in theirs:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(minute * 60))
        row = known[(arm, at)]
        assert (int(row["requests"]), int(row["errors"])) == (n, errors), (row, n, errors)
        for name, disc, cont in zip(("p50_ms", "p95_ms", "p99_ms"), low, between):
            off = min(abs(float(row[name]) / value - 1) for value in (disc, cont) if value > 0)
            worst = max(worst, off)
    print(f"same answer: {len(theirs)} arms and minutes, counts and errors equal, percentiles within {worst:.2%}")
    assert worst < 0.002, worst


DATA.mkdir(parents=True, exist_ok=True)
if not (DATA / "requests.parquet").exists():
    subprocess.run([sys.executable, SHARED / "gen_requests.py", "--rows", args.rows, "--out", DATA], check=True)
# in a process of its own: what it loads would count as memory of every process that is started afterwards
checking = os.fork()
if checking == 0:
    check()
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(checking, 0)[1] == 0, "the answers differ"
rows = []
for cores in map(int, args.cores.split(",")):
    for fmt in args.formats.split(","):
        asked = [("davy", "")] + [(peer, job) for peer in args.peers.split(",") if peer for job in ("hist", "exact")]
        if args.bound and fmt == "csv":
            asked.append(("bound", "hist"))
        took = {}
        for run in range(args.runs):
            for one in asked:
                if run and one not in took:
                    continue
                measured = once(command(one[0], fmt, one[1], cores), cores)
                if measured:
                    took.setdefault(one, []).append(measured)
        davy = [wall for wall, _, _ in took[("davy", "")]]
        print(f"\n{args.rows} rows, {fmt}, {cores} core{'s' * (cores > 1)}, {args.runs} runs in turn")
        print(f"{'':20}{'wall s':>8}{'(least':>9}{'most)':>7}{'CPU s':>8}{'MiB':>7}  wall / davy's, run by run")
        for (peer, job), runs in sorted(took.items(), key=lambda kv: statistics.median(w for w, _, _ in kv[1])):
            walls, cpus, peaks = zip(*runs)
            ratio = statistics.median(wall / own for wall, own in zip(walls, davy))
            print(f"{peer + (' ' + job if job else ''):20}{statistics.median(walls):8.2f}{min(walls):9.2f}{max(walls):7.2f}"
                  f"{statistics.median(cpus):8.2f}{max(peaks):7.0f}  {ratio:.2f}", flush=True)
            rows.append({"rows": args.rows, "format": fmt, "cores": cores, "peer": peer, "job": job, "wall": walls,
                         "cpu": cpus, "peak_mib": peaks})
if args.json:
    pathlib.Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")
