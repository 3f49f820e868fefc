"""Logs in tables: engines count the query of `davy sketch --sql`, and davy counts the same rows; both have to find the same.

    PYTHON benches/tables.py DAVY DATA [--rows 1e7] [--engines duckdb,chdb] [--psql "psql -U davy"] [--spark sc://127.0.0.1:15002]

DAVY is a release binary. DATA is a folder for requests.csv and requests.parquet, which are made there if they are not, by the
generator beside the project (DAVY_SHARED, default ../shared). PYTHON needs numpy, pyarrow and what the engines need: duckdb,
chdb, pyspark[connect]. `--psql` is a command that asks a PostgreSQL in which the table `requests` may be made. `--spark` is a
running Spark Connect; with `--kill FILE SECONDS` the process group in FILE is killed so many seconds after its query began, and
the answer has to be the same again.

Equal means: `davy judge --record` of the log and of the first engine's answer write the same bytes for every metric, the
histograms of each step and arm among them. That is compared with three digits, which is what davy counts with; with fewer digits
the verdict is compared. The answers of the other engines are compared with the first one's row by row.
"""

import argparse
import filecmp
import gzip
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("davy")
parser.add_argument("data")
parser.add_argument("--rows", default="1e7")
parser.add_argument("--engines", default="duckdb,chdb")
parser.add_argument("--psql")
parser.add_argument("--spark")
parser.add_argument("--kill", nargs=2)
args = parser.parse_args()
DATA = pathlib.Path(args.data).resolve()
DAVY = pathlib.Path(args.davy).resolve()
SHARED = pathlib.Path(os.environ.get("DAVY_SHARED", "../shared")) / "bench"
CONFIG = """name: day
window: { step: 5m }
sources:
  log: { requests: { path: PATH, time: ts, status: status, latency: latency_ms } }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 0.5pp" }
  - { metric: latency, statistic: p95, pass: "<= baseline + 10%" }
"""


def davy(*arguments, codes=(0,)):
    done = subprocess.run([DAVY, *arguments], cwd=DATA, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"davy {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done


def query(dialect, digits, table="requests"):
    arguments = ["--table", table, "--time-type", "epoch_ms", "--digits", str(digits)]
    return davy("sketch", "--sql", dialect, "log.yaml", *arguments).stdout


def with_duckdb(digits, answer):
    import duckdb

    db = duckdb.connect()
    db.execute(f"CREATE VIEW requests AS SELECT * FROM '{DATA}/requests.parquet'")
    return lambda: db.execute(f"COPY (\n{query('duckdb', digits)}\n) TO '{answer}' (HEADER)")


def with_chdb(digits, answer):
    global chdb_session
    from chdb import session

    # there can be one of them in a process
    if "chdb_session" not in globals():
        chdb_session = session.Session()
        chdb_session.query("CREATE DATABASE logs")
        chdb_session.query(f"CREATE VIEW logs.requests AS SELECT * FROM file('{DATA}/requests.parquet')")
    text = query("clickhouse", digits, "logs.requests")
    return lambda: answer.write_bytes(chdb_session.query(text, "CSVWithNames").bytes())


def psql(text):
    done = subprocess.run([*shlex.split(args.psql), "-X", "-q", "-v", "ON_ERROR_STOP=1"], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def with_postgres(digits, answer):
    columns = "ts bigint, arm text, route text, status int, latency_ms double precision"
    psql(f"CREATE UNLOGGED TABLE IF NOT EXISTS requests ({columns});")
    if psql("SELECT count(*) FROM requests;").split()[2] == "0":
        psql(f"\\copy requests FROM '{DATA}/requests.csv' WITH (FORMAT csv, HEADER)\nANALYZE requests;")
    text = f"COPY (\n{query('postgres', digits)}\n) TO STDOUT WITH (FORMAT csv, HEADER);\n"
    return lambda: answer.write_text(psql(text))


def with_spark(digits, answer):
    import pyarrow.csv
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(args.spark).getOrCreate()
    spark.read.parquet(f"{DATA}/requests.parquet").createOrReplaceTempView("requests")
    text = query("spark", digits)
    return lambda: pyarrow.csv.write_csv(spark.sql(text).toArrow(), answer)


RUN = {"duckdb": with_duckdb, "chdb": with_chdb, "postgres": with_postgres, "spark": with_spark}


def rows(answer):
    """The rows in one order, without what clients write differently: quotes, and signs for null."""
    with open(answer, "rb") as lines:
        return sorted(line.replace(b'"', b"").replace(b"\\N", b"") for line in lines)


def same(one, other):
    one, other = one / "series", other / "series"
    names = sorted(path.name for path in one.iterdir())
    assert names and names == sorted(path.name for path in other.iterdir()), (one, other)
    different = [name for name in names if not filecmp.cmp(one / name, other / name, shallow=False)]
    return "equal" if not different else f"DIFFERENT: {different}"


def judge(config, record):
    return davy("judge", config, "--record", str(record), codes=(0, 10, 11)).returncode


def kill(path, after):
    def now():
        time.sleep(float(after))
        os.killpg(int(pathlib.Path(path).read_text()), signal.SIGKILL)

    threading.Thread(target=now).start()


def main():
    if not (DATA / "requests.parquet").exists():
        DATA.mkdir(parents=True, exist_ok=True)
        generator = [sys.executable, SHARED / "gen_requests.py", "--rows", args.rows, "--out", DATA]
        subprocess.run(generator, check=True)
    (DATA / "log.yaml").write_text(CONFIG.replace("PATH", "requests.csv"))
    began = time.perf_counter()
    expected = judge("log.yaml", DATA / "of-log")
    print(f"davy over requests.csv: {time.perf_counter() - began:.1f} s, exit {expected}\n", flush=True)
    engines = args.engines.split(",") if args.engines else []
    engines += ["postgres"] if args.psql else []
    engines += ["spark"] if args.spark else []
    first = {}
    print("| engine | digits | seconds | rows | CSV | gzip | answer |\n|---|--:|--:|--:|--:|--:|---|")
    for engine in engines:
        again = (2,) if engine == "spark" and args.kill else ()
        for at, digits in enumerate((3, 2, 1) + again):
            answer = DATA / f"{engine}-{digits}.csv"
            run = RUN[engine](digits, answer)
            if at == 3:
                kill(*args.kill)
            began = time.perf_counter()
            run()
            seconds = time.perf_counter() - began
            known = rows(answer)
            if digits in first:
                found = "as the first" if first[digits] == known else "DIFFERENT from the first engine"
            else:
                first[digits] = known
                (DATA / "answer.yaml").write_text(CONFIG.replace("PATH", answer.name))
                record = DATA / f"of-{engine}-{digits}"
                verdict = judge("answer.yaml", record)
                found = same(DATA / "of-log", record) if digits == 3 else "fewer digits"
                found += ", same verdict" if verdict == expected else f", exit {verdict}"
            size, packed = answer.stat().st_size, len(gzip.compress(answer.read_bytes()))
            print(
                f"| {engine} | {digits} | {seconds:.1f} | {len(known) - 1:,} | {size / 1e6:.1f} MB | {packed / 1e6:.1f} MB | {found} |",
                flush=True,
            )


main()
