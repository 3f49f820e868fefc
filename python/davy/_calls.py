"""What people call: `judge` and `compare`, as arguments of the binary."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import _frames, _program
from ._answers import Comparison, Verdict

Time = str | datetime.datetime
Data = Any  # a path, a frame of pandas or polars, a table of Arrow, or columns by name


def judge(
    config_or_baseline: Data,
    canary: Data | None = None,
    *,
    arm: str | None = None,
    margins: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    by: str | None = None,
    where: str | None = None,
    step: str | None = None,
    name: str | None = None,
    format_in: str | None = None,
    phase: str | None = None,
    set: Mapping[str, str] | None = None,
    window: tuple[Time, Time] | None = None,
    now: Time | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Verdict:
    """Judges the canary once.

    With one argument that is a path, or a mapping with `metrics` or `criteria`: by that configuration. With two: the
    baseline's data and the canary's, each a file or a frame. With one frame: both arms in it, told apart by `arm`
    (`"version=41,42"`) or by a column that has `baseline` and `canary`.

    Args:
        arm: The column that tells the arms of one table apart, and what it says of each: `"version=41,42"`.
        margins: How far a metric may be worse than the baseline: `{"errors": "20%", "latency:p99": "30%"}`.
        units: What a column is measured in if its name does not say it: `{"took": "ms"}`.
        by: Judge each value of this column by itself.
        where: Only these rows of a log of requests: `'route != "/health"'`.
        step: The spacing of the points: `"1m"`.
        name: What the comparison is called.
        format_in: How a file is written, if davy takes it for something else.
        phase: The phase of the configuration to judge.
        set: Names that the configuration refers to as `${NAME}`.
        window: The beginning and the end of the window; a time without a zone is UTC.
        now: The instant to take for now.
        folder: Where the relative paths of a mapping begin; the working directory if it is left out.

    Raises:
        DavyError: The configuration or the data are wrong, or a source does not answer. The message names the place.
    """
    more = _options(margins, units, by, where, step, name, format_in, phase, set, window, now)
    document, code = _ask("judge", config_or_baseline, canary, arm, folder, more)
    return Verdict(document, exit_code=code, library=_library(config_or_baseline, canary))


def compare(
    config_or_baseline: Data,
    canary: Data | None = None,
    *,
    arm: str | None = None,
    margins: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    by: str | None = None,
    where: str | None = None,
    step: str | None = None,
    name: str | None = None,
    format_in: str | None = None,
    phase: str | None = None,
    set: Mapping[str, str] | None = None,
    window: tuple[Time, Time] | None = None,
    now: Time | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Comparison:
    """Compares two systems: everything that was measured of both, with intervals. The arguments are those of `judge`."""
    more = _options(margins, units, by, where, step, name, format_in, phase, set, window, now)
    document, _ = _ask("compare", config_or_baseline, canary, arm, folder, more)
    return Comparison(document, library=_library(config_or_baseline, canary))


def _ask(
    verb: str,
    first: Data,
    second: Data | None,
    arm: str | None,
    folder: str | os.PathLike[str] | None,
    more: list[str],
) -> tuple[dict[str, Any], int]:
    """What the binary answers; tables in memory are files meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="davy-") as scratch,
        _subjects(first, second, arm, Path(scratch), folder) as subjects,
    ):
        return _program.answer([verb, *subjects, *more], scratch)


def _library(*data: object) -> _frames.Library | None:
    return next((kind for kind in map(_frames.library, data) if kind is not None), None)


@contextlib.contextmanager
def _subjects(
    first: Data, second: Data | None, arm: str | None, scratch: Path, folder: str | os.PathLike[str] | None
) -> Iterator[list[str]]:
    """The arguments that say what is judged; tables in memory become files that live as long as this does."""
    arms = [] if arm is None else ["--arm", arm]
    if second is not None:
        yield [_file(first, scratch / "baseline.csv"), _file(second, scratch / "canary.csv"), *arms]
    elif _is_configuration(first):
        # relative paths begin where the configuration lies
        place = Path(folder) if folder is not None else Path.cwd()
        with tempfile.NamedTemporaryFile("w", suffix=".json", prefix=".davy-", dir=place, encoding="utf-8") as file:
            json.dump(first, file)
            file.flush()
            yield [file.name, *arms]
    elif _frames.is_frame(first):
        yield ["--data", _file(first, scratch / "data.csv"), *arms]
    elif arm is not None:
        yield ["--data", os.fspath(first), *arms]
    else:
        yield [os.fspath(first)]


def _is_configuration(data: object) -> bool:
    return isinstance(data, Mapping) and not _frames.is_frame(data)


def _file(data: Data, path: Path) -> str:
    if not _frames.is_frame(data):
        return os.fspath(data)
    _frames.write(data, path)
    return str(path)


def _options(
    margins: Mapping[str, str] | None,
    units: Mapping[str, str] | None,
    by: str | None,
    where: str | None,
    step: str | None,
    name: str | None,
    format_in: str | None,
    phase: str | None,
    names: Mapping[str, str] | None,
    window: tuple[Time, Time] | None,
    now: Time | None,
) -> list[str]:
    begins, ends = window if window is not None else (None, None)
    single = {
        "--by": by,
        "--where": where,
        "--step": step,
        "--name": name,
        "--format-in": format_in,
        "--phase": phase,
        "--from": _time(begins),
        "--to": _time(ends),
        "--now": _time(now),
    }
    pairs = {"--margin": margins, "--unit": units, "--set": names}
    once = [word for option, value in single.items() if value is not None for word in (option, value)]
    many = [
        word for option, values in pairs.items() for key, value in (values or {}).items() for word in (option, f"{key}={value}")
    ]
    return [*once, *many]


def _time(time: Time | None) -> str | None:
    if time is None:
        return None
    if isinstance(time, str):
        try:
            time = datetime.datetime.fromisoformat(time)
        except ValueError:
            return str(time)  # the binary says what is wrong with it
    zoned = time if time.tzinfo is not None else time.replace(tzinfo=datetime.timezone.utc)
    return zoned.isoformat()
