"""Effects as a forest plot: a mark with its interval per row, its limit, and a panel for each kind of number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from . import _words

# colour and shape say the same
MARKS = {
    "pass": ("#1a7f4b", "o"), "better": ("#1a7f4b", "o"), "warn": ("#9a6700", "^"), "inconclusive": ("#767676", "D"),
    "nothing": ("#767676", "D"), "fail": ("#c93c37", "X"), "worse": ("#c93c37", "X"),
}  # fmt: skip
ROW = 0.42


def effects(rows: Sequence[Mapping[str, Any]], title: str, ax: Any = None) -> Any:
    """Draws the rows that have an effect; returns the figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as missing:
        raise ImportError("`plot` needs matplotlib: `pip install matplotlib`") from missing
    panels: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["kind"] is not None and row["effect"] is not None:
            panels.setdefault(_words.scale(row["kind"], row["unit"]), []).append(row)
    if not panels:
        raise ValueError("there is nothing to draw: no row has an effect")
    if ax is not None:
        if len(panels) > 1:
            raise ValueError(f"the effects are of {len(panels)} kinds ({'; '.join(panels)}), and `ax` takes one")
        axes = [ax]
    else:
        heights = [len(panel) + 1 for panel in panels.values()]
        size = (8.0, 0.7 + ROW * sum(heights) + 0.35 * len(panels))
        _, grid = plt.subplots(
            len(panels), 1, figsize=size, squeeze=False, layout="constrained", height_ratios=heights
        )
        axes = list(grid[:, 0])
    for place, (scale, panel) in zip(axes, panels.items(), strict=True):
        _panel(place, scale, panel)
    axes[0].set_title(title, loc="left", fontsize="medium")
    return axes[0].figure


def _panel(ax: Any, scale: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for at, row in enumerate(reversed(rows)):
        colour, shape = MARKS.get(row.get("outcome") or row.get("shown") or "", MARKS["nothing"])
        middle, low, high = (_words.scaled(row[key], row["kind"], row["unit"]) for key in ("effect", "low", "high"))
        ends = [end for end in (low, high) if end is not None and math.isfinite(end)]
        if len(ends) == 2:
            ax.plot(ends, [at, at], color=colour, linewidth=2, solid_capstyle="butt")
        elif ends:
            # an interval without one of its ends goes on
            way = ">" if low is not None else "<"
            ax.plot([ends[0], middle], [at, at], color=colour, linewidth=2)
            ax.plot([middle], [at], marker=way, color=colour, markersize=9, markerfacecolor="none")
        ax.plot([middle], [at], marker=shape, color=colour, markersize=6, linestyle="none")
        limit = _words.scaled(row.get("limit"), row["kind"], row["unit"])
        if limit is not None and math.isfinite(limit):
            ax.plot([limit, limit], [at - 0.35, at + 0.35], color="#767676", linewidth=1.5, linestyle=":")
    if not scale.startswith("level"):
        ax.axvline(0, color="#767676", linewidth=0.8)
    ax.set_yticks(range(len(rows)), [_words.label(row) for row in reversed(rows)])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(scale)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
