"""Frames of pandas and polars: written as the CSV that the binary reads, and made of what it answers."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

Library = Literal["pandas", "polars"]


def library(data: object) -> Library | None:
    """The library whose frame this is, without importing one that nobody imported."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return "pandas"
    if polars is not None and isinstance(data, (polars.DataFrame, polars.LazyFrame)):
        return "polars"
    return None


def is_frame(data: object) -> bool:
    """Whether it is a table in memory: a frame, a table of Arrow, or columns by name."""
    return library(data) is not None or hasattr(data, "to_pandas") or _is_columns(data)


def _is_columns(data: object) -> bool:
    return isinstance(data, Mapping) and bool(data) and all(_is_column(column) for column in data.values())


def _is_column(column: object) -> bool:
    return not isinstance(column, (str, bytes, Mapping)) and hasattr(column, "__len__") and hasattr(column, "__iter__")


def write(data: Any, path: Path) -> None:
    """Writes a table as CSV with a header: full numbers, times as RFC 3339, nothing where a value is missing."""
    kind = library(data)
    if kind is None and hasattr(data, "to_pandas"):
        data, kind = data.to_pandas(), "pandas"
    if kind == "pandas":
        _write_pandas(data, path)
    elif kind == "polars":
        _write_polars(data, path)
    else:
        lengths = {name: len(column) for name, column in data.items()}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise ValueError(f"the columns are not of one length: {said}")
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(data)
            rows.writerows(zip(*data.values(), strict=True))


def _write_pandas(data: Any, path: Path) -> None:
    import pandas as pd

    # an index of times, or one with a name, is a column; a count of rows is none
    named = any(name is not None for name in data.index.names)
    if isinstance(data.index, pd.DatetimeIndex) or named:
        data = data.rename_axis("time").reset_index() if not named else data.reset_index()
    for name in data.columns[[pd.api.types.is_datetime64_any_dtype(kind) for kind in data.dtypes]]:
        times = data[name]
        times = times.dt.tz_localize("UTC") if times.dt.tz is None else times.dt.tz_convert("UTC")
        data = data.assign(**{name: times.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    data.to_csv(path, index=False, lineterminator="\n")


def _write_polars(data: Any, path: Path) -> None:
    import polars as pl
    import polars.selectors as cs

    frame = data.lazy().collect()
    zoned, plain = cs.datetime(time_zone="*"), cs.datetime(time_zone=None)
    frame = frame.with_columns(zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None))
    frame = frame.with_columns(plain.dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ"), cs.float().fill_nan(None))
    assert isinstance(frame, pl.DataFrame)
    frame.write_csv(path)


def frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], wanted: Library | None) -> Any:
    """A frame of rows, in the library that is wanted, else in the one that is installed: pandas before polars."""
    table = {column: [row[column] for row in rows] for column in columns}
    if wanted != "polars":
        try:
            import pandas as pd
        except ImportError:
            if wanted == "pandas":
                raise
        else:
            return pd.DataFrame(table, columns=list(columns))
    try:
        import polars as pl
    except ImportError as missing:
        raise ImportError("a frame needs pandas or polars: `pip install pandas`, or read the mapping itself") from missing
    return pl.DataFrame(table, schema=list(columns), strict=False)
