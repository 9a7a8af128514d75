"""No figure of any shared model may get worse: not by one instruction, not by one byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.figures import CASES, STORE, Case, measured, stored
from tinyforge.boards.cores import CORES

pytest.importorskip("unicorn")


def test_every_case_is_stored() -> None:
    assert list(stored()) == [str(case) for case in CASES], f"run {STORE}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_gets_worse(
    case: Case, corpus: Path, record_property: Callable[[str, object], None]
) -> None:
    if CORES[case.core].unicorn_model is None and shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    before, now = stored()[str(case)], measured(corpus, case)
    assert now["toolchain"] == before["toolchain"], f"other compilers give other figures: {STORE}"
    assert list(now) == list(before), f"run {STORE}"
    changed = [name for name in before if now[name] != before[name]]
    told = {name: f"{name} {before[name]:,} -> {now[name]:,}" for name in changed}
    worse = [told[name] for name in changed if now[name] > before[name]]
    assert not worse, (
        f"{case}: {', '.join(worse)}. If that is the price of something better, store it: {STORE}"
    )
    for name in changed:
        record_property("better", f"{case}: {told[name]}")
