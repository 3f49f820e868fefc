"""What the module promises, with the binary of the installation: nothing is replaced."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import davy

START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
MINUTES = 60


def table(worse: float) -> dict[str, list[Any]]:
    """An hour of a service whose latency and errors are `worse` times as usual."""
    times = [START + datetime.timedelta(minutes=minute) for minute in range(MINUTES)]
    p95 = [(180 + 7 * (minute % 5) - 9 * (minute % 3)) * worse for minute in range(MINUTES)]
    errors = [round((3 + minute % 4) * worse) for minute in range(MINUTES)]
    return {"time": times, "requests": [1_000] * MINUTES, "errors": errors, "p95_ms": p95}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    pd.DataFrame(table(1)).to_csv(old, index=False)
    pd.DataFrame(table(2)).to_csv(new, index=False)
    return old, new


def test_files_are_judged_as_the_command_line_does(files: tuple[Path, Path]) -> None:
    verdict = davy.judge(*files)
    done = subprocess.run([davy.program(), "judge", *files, "--format", "json"], capture_output=True, check=False)
    assert verdict.exit_code == done.returncode == 10
    assert dict(verdict) == json.loads(done.stdout)
    assert (verdict.outcome, verdict.passed) == ("fail", False)
    assert verdict.summary in repr(verdict)


def test_frames_of_any_library_give_the_same_verdict(files: tuple[Path, Path]) -> None:
    expected = [(finding["outcome"], finding["evidence"]["estimate"]) for finding in davy.judge(*files)["findings"]]
    old, new = table(1), table(2)
    naive = {**old, "time": [time.replace(tzinfo=None) for time in old["time"]]}
    pairs: list[tuple[Any, Any]] = [
        (pd.DataFrame(old), pd.DataFrame(new)),
        (pd.DataFrame(old).set_index("time"), pd.DataFrame(new).set_index("time")),
        (pd.DataFrame(naive), pd.DataFrame(new)),
        (pl.DataFrame(old), pl.DataFrame(new)),
        (pl.DataFrame(naive), pl.DataFrame(new).lazy()),
        (old, new),
        (pd.DataFrame(old), files[1]),
    ]
    for baseline, canary in pairs:
        verdict = davy.judge(baseline, canary)
        found = [(finding["outcome"], finding["evidence"]["estimate"]) for finding in verdict["findings"]]
        assert found == expected, type(baseline)


def test_times_in_another_zone_are_the_same_instants() -> None:
    old, new = pd.DataFrame(table(1)), pd.DataFrame(table(2))
    there = old.assign(time=old["time"].dt.tz_convert("Asia/Tokyo"))
    assert davy.judge(there, new)["arms"] == davy.judge(old, new)["arms"]
    polar = pl.DataFrame(table(1)).with_columns(pl.col("time").dt.convert_time_zone("Asia/Tokyo"))
    assert davy.judge(polar, pl.DataFrame(table(2)))["arms"] == davy.judge(old, new)["arms"]


def test_missing_values_are_gaps() -> None:
    old, new = table(1), table(1)
    new["p95_ms"] = [None if minute < 10 else value for minute, value in enumerate(new["p95_ms"])]
    for make in (pd.DataFrame, pl.DataFrame, dict):
        findings = davy.judge(make(old), make(new))["findings"]
        p95 = next(finding for finding in findings if finding["metric"] == "latency_p95")
        assert p95["evidence"]["coverage"]["canary"] == pytest.approx(50 / 60), make


def test_one_frame_has_both_arms() -> None:
    both = pd.concat([pd.DataFrame(table(1)).assign(version=41), pd.DataFrame(table(2)).assign(version=42)])
    assert davy.judge(both, arm="version=41,42").outcome == "fail"
    with pytest.raises(davy.DavyError, match="version"):
        davy.judge(both)


def test_findings_are_a_frame_of_the_library_that_was_judged() -> None:
    in_pandas = davy.judge(pd.DataFrame(table(1)), pd.DataFrame(table(2))).findings
    in_polars = davy.judge(pl.DataFrame(table(1)), pl.DataFrame(table(2))).findings
    assert isinstance(in_pandas, pd.DataFrame) and isinstance(in_polars, pl.DataFrame)
    assert list(in_pandas.columns) == in_polars.columns
    assert in_pandas["metric"].tolist() == in_polars["metric"].to_list() == ["errors", "latency_p95"]
    p95 = in_pandas.set_index("metric").loc["latency_p95"]
    assert (p95["outcome"], p95["kind"], p95["unit"], p95["limit"]) == ("fail", "ratio", "ms", 1.1)
    assert p95["low"] < 2 < p95["high"] and p95["effect"] == pytest.approx(p95["canary"] / p95["baseline"])


def test_options_are_those_of_the_command_line() -> None:
    old, new = table(1), table(1.3)
    tolerant = davy.judge(old, new, margins={"errors": "200%", "latency_p95": "60%"}, name="tolerant")
    assert (tolerant.outcome, tolerant["name"]) == ("pass", "tolerant")
    with pytest.raises(davy.DavyError, match="^baseline.csv: .*several in each step of 2m"):
        davy.judge(old, new, step="2m")
    half = START + datetime.timedelta(minutes=30)
    part = davy.judge(old, new, window=(START, half))
    assert davy.judge(old, new, window=("2026-03-01T12:00:00", "2026-03-01 12:30"))["arms"] == part["arms"]
    assert part["arms"]["canary"]["window"]["steps"] == 30
    unnamed = {"time": old["time"], "took": old["p95_ms"]}
    verdict = davy.judge(unnamed, {**unnamed, "took": new["p95_ms"]}, units={"took": "ms"})
    assert verdict["findings"][0]["evidence"]["unit"] == "ms"


def test_a_configuration_is_a_path_or_a_mapping(files: tuple[Path, Path], tmp_path: Path) -> None:
    config = {
        "name": "mapped",
        "arms": {"baseline": {"file": "old"}, "canary": {"file": "new"}},
        "sources": {"data": {"file": {"path": "${file}.csv"}}},
        "metrics": {"errors": {"rate": {"bad": "errors", "total": "requests"}}},
        "criteria": [{"metric": "errors", "pass": "<= baseline + 20%"}],
    }
    verdict = davy.judge(config, folder=tmp_path)
    assert (verdict.outcome, verdict["name"]) == ("fail", "mapped")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "old.csv"], "the mapping's file is gone"
    path = tmp_path / "canary.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    assert davy.judge(path).summary == verdict.summary


def test_what_is_wrong_is_said_as_the_command_line_says_it(tmp_path: Path) -> None:
    with pytest.raises(davy.DavyError, match="no-such.yaml") as missing:
        davy.judge(tmp_path / "no-such.yaml")
    assert missing.value.exit_code not in (0, 10, 11, 12)
    bad = table(1)
    bad["errors"] = ["many", *bad["errors"][1:]]
    with pytest.raises(davy.DavyError, match="many"):
        davy.judge(table(1), bad)
    with pytest.raises(ValueError, match="not of one length: a has 1, b has 2"):
        davy.judge({"a": [1], "b": [1, 2]}, table(1))


def test_a_verdict_is_not_a_boolean() -> None:
    with pytest.raises(TypeError, match="inconclusive"):
        bool(davy.judge(table(1), table(1)))


def test_a_verdict_is_saved_loaded_and_rendered(tmp_path: Path) -> None:
    verdict = davy.judge(table(1), table(2), name="<service>")
    verdict.save(tmp_path / "verdict.json")
    loaded = davy.Verdict.load(tmp_path / "verdict.json")
    assert dict(loaded) == dict(verdict)
    assert "FAIL" in loaded.report("text") and loaded.report("html").startswith("<!DOCTYPE html>")


def test_a_notebook_shows_the_verdict_and_nothing_escapes_from_names() -> None:
    page = davy.judge(table(1), table(2), name="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "✗ fails" in page and "latency_p95" in page
    assert all(line.startswith((".davy-answer", "</style>", "<")) for line in page.splitlines() if line.strip())


def test_a_comparison_has_every_metric() -> None:
    comparison = davy.compare(pl.DataFrame(table(1)), pl.DataFrame(table(2)))
    metrics = comparison.metrics
    assert isinstance(metrics, pl.DataFrame)
    worse = metrics.filter(pl.col("shown") == "worse")["metric"].to_list()
    assert worse == ["errors", "latency_p95"] and comparison.health == "unhealthy"
    assert comparison.verdict.outcome == "fail"
    assert "UNHEALTHY" in comparison._repr_html_()


def test_effects_are_drawn() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    figure = davy.judge(table(1), table(2)).plot()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["latency_p95 typical", "errors rate"]
    assert figure.axes[0].get_xlabel() == "change, %"
    comparison = davy.compare(table(1), table(2)).plot()
    assert sum(len(ax.get_yticklabels()) for ax in comparison.axes) >= 2


def test_the_module_is_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "davy", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("davy ")
