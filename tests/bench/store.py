"""Stores what the models cost now, as what they must not exceed from now on; prints what changed.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.store
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import CASES, RESULTS, measured, stored


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    before = stored() if RESULTS.exists() else {}
    with ProcessPoolExecutor() as pool:
        found = dict(zip(map(str, CASES), pool.map(partial(measured, corpus), CASES), strict=True))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    Console(width=110).print(_changes(before, found))


def _changes(
    before: Mapping[str, Mapping[str, int | str]], found: Mapping[str, Mapping[str, int | str]]
) -> Table:
    table = Table("case", "figure", "before", "now", title="what changed")
    for case, figures in found.items():
        for name, now in figures.items():
            old = before.get(case, {}).get(name)
            if now != old:
                table.add_row(case, name, str(old or ""), str(now))
    return table


if __name__ == "__main__":
    main()
