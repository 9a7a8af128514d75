"""A search's memory: nothing that is over is lost, nothing is tried twice, the seed decides."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tune import fakes
from tinyforge.errors import ForgeError
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.space import Space
from tinyforge.tune.study import open_study
from tinyforge.tune.trial import Job, Tried

pytest.importorskip("optuna")

HERE = Path(__file__).parents[2]


def test_what_is_known_comes_first(tmp_path: Path) -> None:
    first, half = fakes.searched(fakes.study(tmp_path / "db"), fakes.at_once(fakes.work), 2)
    assert str(first.candidate) == "as it is, balanced"
    assert str(half.candidate) == "channels -50%, balanced"


def test_the_seed_decides(tmp_path: Path) -> None:
    def tried(name: str, seed: int) -> list[Candidate]:
        study = fakes.study(tmp_path / "db", seed, name)
        return [t.candidate for t in fakes.searched(study, fakes.at_once(fakes.work), 14)]

    assert tried("one", 3) == tried("another", 3)
    assert tried("one of another seed", 4) != tried("the first again", 3)


def test_no_candidate_is_tried_twice(tmp_path: Path) -> None:
    """Of the six that there are, all are tried once, and then it is over."""
    study = open_study(
        str(tmp_path / "db"), "few", Space((), False), fakes.LIMITS, seed=0, settings={}
    )
    tried = fakes.searched(study, fakes.at_once(fakes.work), 10)
    aims = ("balanced", "size", "speed")
    assert sorted(str(t.candidate) for t in tried) == [
        *(f"QAT, {aim}" for aim in aims), *(f"as it is, {aim}" for aim in aims),
    ]  # fmt: skip


def test_an_outcome_comes_back_as_it_was(tmp_path: Path) -> None:
    kept: dict[int, bytes] = {}
    told = fakes.searched(fakes.study(tmp_path / "db"), fakes.at_once(fakes.work), 20, kept=kept)
    assert {t.outcome.end for t in told} >= {"proved", "stopped"}
    again = fakes.study(tmp_path / "db").finished
    assert list(again) == told
    assert {t.number for t in told if t.outcome.end == "proved"} == set(kept)


def test_the_search_comes_closer_to_what_is_wanted(tmp_path: Path) -> None:
    told = fakes.searched(fakes.study(tmp_path / "db"), fakes.at_once(fakes.work), 40)
    good = [t.number for t in told if t.outcome.end == "proved" and not t.outcome.failed]
    assert len([n for n in good if n >= 20]) > len([n for n in good if n < 20])


def test_a_lost_trial_is_tried_again_and_then_no_more(tmp_path: Path) -> None:
    begun: list[Candidate] = []

    def dies(job: Job) -> Tried:
        begun.append(job.candidate)
        if str(job.candidate) == "channels -50%, balanced":
            raise KeyError("its worker is gone")
        return fakes.work(job)

    told = fakes.searched(fakes.study(tmp_path / "db"), fakes.at_once(dies), 3)
    assert [str(c) for c in begun].count("channels -50%, balanced") == 3
    (lost,) = [t for t in told if str(t.candidate) == "channels -50%, balanced"]
    assert (lost.outcome.end, lost.outcome.why) == ("refused", "what ran it was killed, 3 times")
    assert len(told) == 3


def test_other_settings_are_another_study(tmp_path: Path) -> None:
    fakes.study(tmp_path / "db", board="nrf52_dk", data="pictures")
    fakes.study(tmp_path / "db", board="nrf52_dk", data="pictures")
    with pytest.raises(ForgeError, match="board was nrf52_dk"):
        fakes.study(tmp_path / "db", board="pico", data="pictures")
    fakes.study(tmp_path / "db", name="other", board="pico", data="pictures")


def test_other_settings_are_told_in_words(tmp_path: Path) -> None:
    fakes.study(tmp_path / "db", model="74ca6c", limits={"ram": None, "ms": 3.0, "flash": 9})
    with pytest.raises(ForgeError) as caught:
        fakes.study(tmp_path / "db", model="ffff")
    assert caught.value.what == "its trials are of another model"
    with pytest.raises(ForgeError) as caught:
        fakes.study(tmp_path / "db", model="74ca6c", limits={"ram": 8, "ms": 3.0, "flash": 9})
    assert caught.value.what == "its trials are of other settings: limits was ms=3.0, flash=9"


def test_the_largest_seed(tmp_path: Path) -> None:
    study = fakes.study(tmp_path / "db", 2**32 - 1)
    assert len(fakes.searched(study, fakes.at_once(fakes.work), 10)) == 10


@pytest.mark.parametrize(
    "storage", ["nothing://here", "postgresql://nowhere/x", "/no/such/folder/db"]
)
def test_a_storage_that_cannot_be(storage: str) -> None:
    with pytest.raises(ForgeError, match="Optuna cannot use this storage") as caught:
        open_study(storage, "s", fakes.SPACE, fakes.LIMITS, seed=0, settings={})
    assert caught.value.where == storage


PROGRAM = """
import sys
from pathlib import Path
from tests.tune import fakes
study = fakes.study(Path(sys.argv[1]), 5)
print(f"{len(study.finished)} there", flush=True)
for trial in fakes.searched(study, fakes.at_once(fakes.slow), 6):
    print(trial.candidate, flush=True)
"""


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    monkeypatch.setenv("TINYFORGE_TEST_FOLDER", str(begun))
    arguments = [sys.executable, "-c", PROGRAM, str(tmp_path / "db")]
    process = subprocess.Popen(arguments, cwd=HERE, stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while len([*begun.iterdir()]) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)  # in the midst of the third trial
        process.communicate()
    shown = subprocess.run(arguments, cwd=HERE, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[0] == "2 there"
    found = [t.candidate for t in fakes.study(tmp_path / "db").finished]
    straight = fakes.searched(fakes.study(tmp_path / "straight", 5), fakes.at_once(fakes.work), 6)
    assert found == [t.candidate for t in straight]
    tries = [path.read_text() for path in begun.iterdir()]
    assert len(tries) == 7 and tries.count(str(found[2])) == 2  # that trial, again
