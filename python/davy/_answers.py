"""What the binary answers, as mappings of its JSON that know how to show themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import _frames, _page, _plot, _program

FINDING = (
    "metric", "statistic", "outcome", "baseline", "canary", "unit", "kind", "effect", "low", "high", "limit",
    "target", "reason", "n_baseline", "n_canary", "criterion", "sentence",
)  # fmt: skip
METRIC = (
    "metric", "statistic", "shown", "baseline", "canary", "unit", "kind", "effect", "low", "high", "n_baseline", "n_canary",
)  # fmt: skip


class _Answer(Mapping[str, Any]):
    """The JSON of an answer; `davy schema` describes it."""

    def __init__(self, document: Mapping[str, Any], *, library: _frames.Library | None = None) -> None:
        self._document = dict(document)
        self._library = library

    def __getitem__(self, key: str) -> Any:
        return self._document[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def json(self) -> str:
        """The document as the binary wrote it."""
        return json.dumps(self._document, ensure_ascii=False, indent=2)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the document; `davy report PATH` renders a verdict again, `davy diff A B` compares two."""
        Path(path).write_text(self.json() + "\n", encoding="utf-8")


class Verdict(_Answer):
    """The answer of `judge`.

    Not a boolean: an inconclusive verdict is neither true nor false. Ask `passed` or `outcome`.
    """

    def __init__(
        self, document: Mapping[str, Any], *, exit_code: int = 0, library: _frames.Library | None = None
    ) -> None:
        super().__init__(document, library=library)
        #: What the command line exits with: 0, 10 (fail), 11 (inconclusive) or 12 (a warning that fails).
        self.exit_code = exit_code

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Verdict:
        """Reads a verdict that `save`, or `davy judge --report json=PATH`, wrote."""
        return cls(json.loads(Path(path).read_text(encoding="utf-8")))

    def __bool__(self) -> bool:
        raise TypeError("a verdict is neither true nor false, for it may be inconclusive: ask `verdict.passed` or `.outcome`")

    @property
    def outcome(self) -> str:
        """`"pass"`, `"warn"`, `"inconclusive"` or `"fail"`."""
        return str(self["outcome"])

    @property
    def passed(self) -> bool:
        """Whether the outcome is a pass, and nothing else."""
        return self.outcome == "pass"

    @property
    def summary(self) -> str:
        """One sentence."""
        return str(self["summary"])

    @property
    def findings(self) -> Any:
        """A row per criterion, as a frame of pandas or polars: of the library whose frames were judged, else of the one
        that is installed.

        `kind` is `ratio` (1.2 is 20 % more), `difference` or `level`; `effect`, `low` and `high` are on that scale, as is
        `limit`. `unit` is that of `baseline` and `canary`. Numbers that are not known are missing.
        """
        return self.findings_as(self._library)

    def findings_as(self, library: _frames.Library | None) -> Any:
        """The same as a frame of `"pandas"` or `"polars"`."""
        return _frames.frame([_finding(finding) for finding in self["findings"]], FINDING, library)

    def report(self, form: str = "markdown") -> str:
        """The verdict in another form of `davy report`: `markdown`, `text`, `html`, `junit`, `csv` …"""
        return _program.run(["report", "-", "--format", form], text=self.json())[0]

    def plot(self, ax: Any = None) -> Any:
        """Draws the effect of each criterion with its interval and limit. Needs matplotlib; returns the figure.

        `ax` takes the drawing if all effects are of one kind and unit; otherwise each kind needs axes of its own.
        """
        return _plot.effects([_finding(finding) for finding in self["findings"]], self.outcome, ax)

    def __repr__(self) -> str:
        return f"<davy.Verdict {self.outcome}: {self.summary}>"

    def _repr_html_(self) -> str:
        return _page.verdict(self._document, [_finding(finding) for finding in self["findings"]])


class Comparison(_Answer):
    """The answer of `compare`: everything that was measured of both systems."""

    @property
    def health(self) -> str:
        """`"healthy"`, `"unhealthy"`, or that it is not known."""
        return str(self["health"])

    @property
    def verdict(self) -> Verdict:
        """What the criteria say of it."""
        return Verdict(self["verdict"], library=self._library)

    @property
    def metrics(self) -> Any:
        """A row per metric and statistic, as a frame; `shown` says whether the canary is shown to be `better` or `worse`."""
        return self.metrics_as(self._library)

    def metrics_as(self, library: _frames.Library | None) -> Any:
        """The same as a frame of `"pandas"` or `"polars"`."""
        return _frames.frame(self._rows(), METRIC, library)

    def plot(self, ax: Any = None) -> Any:
        """Draws every difference with its interval. Needs matplotlib; returns the figure."""
        return _plot.effects(self._rows(), self.health, ax)

    def _rows(self) -> list[dict[str, Any]]:
        return [_metric(metric, number) for metric in self["metrics"] for number in metric["numbers"]]

    def __repr__(self) -> str:
        return f"<davy.Comparison {self.health}: {len(self['metrics'])} metrics>"

    def _repr_html_(self) -> str:
        return _page.comparison(self._document, self._rows())


def _pair(values: Mapping[str, Any] | None) -> tuple[Any, Any]:
    return (None, None) if values is None else (values.get("baseline"), values.get("canary"))


def _effect(effect: Mapping[str, Any] | None) -> dict[str, Any]:
    effect = effect or {}
    return {
        "kind": effect.get("kind"), "effect": effect.get("estimate"), "low": effect.get("low"), "high": effect.get("high"),
    }  # fmt: skip


def _told(number: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ratio, unless the difference alone is shown."""
    ratio, difference = number.get("ratio"), number.get("effect")
    if ratio is None or number["shown"] == "nothing":
        return ratio or difference
    low, high = ratio.get("low"), ratio.get("high")
    is_shown = (low is not None and low > 1) or (high is not None and high < 1)
    return ratio if is_shown else difference


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    evidence = finding.get("evidence") or {}
    baseline, canary = _pair(evidence.get("estimate"))
    n_baseline, n_canary = _pair(evidence.get("n"))
    return {
        **{key: finding.get(key) for key in ("metric", "statistic", "outcome", "target", "reason", "criterion", "sentence")},
        **_effect(evidence.get("effect")),
        "baseline": baseline, "canary": canary, "unit": evidence.get("unit"), "limit": evidence.get("pass_limit"),
        "n_baseline": n_baseline, "n_canary": n_canary,
    }  # fmt: skip


def _metric(metric: Mapping[str, Any], number: Mapping[str, Any]) -> dict[str, Any]:
    baseline, canary = _pair(number.get("estimate"))
    n_baseline, n_canary = _pair(number.get("n"))
    return {
        "metric": metric["metric"], "statistic": number["statistic"], "shown": number["shown"],
        **_effect(_told(number)),
        "baseline": baseline, "canary": canary, "unit": metric.get("unit"), "n_baseline": n_baseline, "n_canary": n_canary,
    }  # fmt: skip
