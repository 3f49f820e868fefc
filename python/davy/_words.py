"""Numbers as people read them: the same in the notebook's table and beside the marks of a plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTCOMES = {"pass": "passes", "warn": "warns", "inconclusive": "undecided", "fail": "fails"}


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "–"
    text = f"{value:,.3g}" if 1e-4 <= abs(value) < 1_000 or value == 0 else f"{value:,.4g}"
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e15 else text


def measured(value: float | None, unit: str | None) -> str:
    """A value with its unit."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{number(value * 100)} %"
    if unit == "percent":
        return f"{number(value)} %"
    return f"{number(value)} {unit.replace('_', ' ')}" if unit else number(value)


def scaled(value: float | None, kind: str | None, unit: str | None) -> float | None:
    """An effect on the scale that people read: a ratio in per cent of change, shares in per cent or points."""
    if value is None:
        return None
    if kind == "ratio":
        return (value - 1) * 100
    return value * 100 if unit == "share" else value


def scale(kind: str | None, unit: str | None) -> str:
    """The name of that scale."""
    if kind == "ratio":
        return "change, %"
    share = unit in ("share", "percent")
    if kind == "difference":
        return "difference, pp" if share else f"difference, {unit}" if unit else "difference"
    return "level, %" if share else f"level, {unit}" if unit else "level"


def effect(row: Mapping[str, Any]) -> str:
    """The effect with its interval: `+24.2 % (21.1 to 27.2)`; an end that is open is said."""
    kind, unit = row["kind"], row["unit"]
    if kind is None:
        return "–"
    middle, low, high = (scaled(row[key], kind, unit) for key in ("effect", "low", "high"))
    sign = "" if kind == "level" or middle is None or middle <= 0 else "+"
    ends = scale(kind, unit).partition(", ")[2]
    shown = "" if middle is None else f"{sign}{number(middle)} {ends}".rstrip()
    if low is None and high is None:
        return shown or "–"
    if low is None:
        return f"{shown} (up to {number(high)})".lstrip()
    if high is None:
        return f"{shown} ({number(low)} or more)".lstrip()
    return f"{shown} ({number(low)} to {number(high)})".lstrip()


def label(row: Mapping[str, Any]) -> str:
    """A metric with its statistic, unless its name has that: `latency_p95`, `errors rate`."""
    metric, statistic = str(row["metric"]), str(row["statistic"])
    said = [word for word in statistic.split() if word not in metric.split("_")]
    return " ".join([metric, *said])
