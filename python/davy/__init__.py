"""Judge a canary against its baseline, or compare two systems, from Python and from notebooks.

The package carries the `davy` binary and calls it, so its answers are those of the command line::

    import davy

    verdict = davy.judge("canary.yaml", phase="5%")
    verdict = davy.judge(old, new, margins={"errors": "20%"})    # files, or frames of pandas or polars
    verdict.outcome                                              # "pass", "warn", "inconclusive" or "fail"
    verdict.findings                                             # a frame with a row per criterion

    davy.compare(old, new).metrics                               # everything measured, with intervals

A `Verdict` and a `Comparison` are mappings of the JSON that the binary writes, show themselves in notebooks, and draw
their effects with `plot()`.
"""

from ._answers import Comparison, Verdict
from ._calls import compare, judge
from ._program import DavyError, program

__all__ = ["Comparison", "DavyError", "Verdict", "compare", "judge", "program"]
