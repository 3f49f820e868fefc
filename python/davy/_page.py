"""Answers in a notebook: a headline and a table. Styles hold for these alone, and follow the notebook's colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from . import _words

STYLE = """
.davy-answer { font-family: system-ui, sans-serif; font-size: 14px; line-height: 1.4; max-width: 70em; }
.davy-answer p { margin: .3em 0; }
.davy-answer table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.davy-answer th, .davy-answer td { padding: .25em .7em; text-align: right; border-bottom: 1px solid rgba(128, 128, 128, .35); vertical-align: top; background: none; }
.davy-answer table th.davy-word, .davy-answer table td.davy-word { text-align: left; }
.davy-answer .davy-mark { font-weight: 600; }
.davy-answer .davy-pass, .davy-answer .davy-better, .davy-answer .davy-healthy { color: #1a7f4b; }
.davy-answer .davy-warn { color: #9a6700; }
.davy-answer .davy-fail, .davy-answer .davy-worse, .davy-answer .davy-unhealthy { color: #c93c37; }
"""
SIGNS = {"pass": "✓", "warn": "!", "inconclusive": "?", "fail": "✗", "better": "✓", "worse": "✗"}


def verdict(document: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> str:
    """A verdict: its outcome and sentence, and a row per criterion."""
    head = _headline(document["outcome"].upper(), document["outcome"], document["name"], document["summary"])
    rows = [
        [
            _marked(row["outcome"], _words.OUTCOMES.get(row["outcome"], row["outcome"])),
            escape(row["criterion"]),
            escape(_words.measured(row["baseline"], row["unit"])),
            escape(_words.measured(row["canary"], row["unit"])),
            escape(_words.effect(row)),
        ]
        for row in findings
    ]
    return _page(head, ["", "criterion", "baseline", "canary", "effect (interval)"], rows, document.get("notes", []))


def comparison(document: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> str:
    """A comparison: the health of the canary, and a row per statistic."""
    head = _headline(document["health"].upper(), document["health"], "", document["because"])
    rows = [
        [
            _marked(row["shown"], row["shown"]) if row["shown"] in SIGNS else "",
            escape(_words.label(row)),
            escape(_words.measured(row["baseline"], row["unit"])),
            escape(_words.measured(row["canary"], row["unit"])),
            escape(_words.effect(row)),
        ]
        for row in metrics
    ]
    return _page(head, ["", "metric", "baseline", "canary", "difference (interval)"], rows, document["next_steps"])


def _headline(word: str, kind: str, name: str, sentence: str) -> str:
    named = f" {escape(name)}" if name else ""
    return f'<p><span class="davy-mark davy-{escape(kind)}">{escape(word)}</span>{named}</p><p>{escape(sentence)}</p>'


def _marked(kind: str, word: str) -> str:
    return f'<span class="davy-mark davy-{escape(kind)}">{SIGNS.get(kind, "")} {escape(word)}</span>'


def _page(head: str, names: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    columns = "".join(f"<th{_word(at)}>{escape(name)}</th>" for at, name in enumerate(names))
    body = "".join(
        "<tr>" + "".join(f"<td{_word(at)}>{cell}</td>" for at, cell in enumerate(row)) + "</tr>" for row in rows
    )
    said = "".join(f"<p>{escape(str(note))}</p>" for note in notes)
    table = f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f'<div class="davy-answer"><style>{STYLE}</style>{head}{table}{said}</div>'


def _word(at: int) -> str:
    return ' class="davy-word"' if at <= 1 else ""
