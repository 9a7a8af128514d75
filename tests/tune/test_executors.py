"""Trials elsewhere: a worker that is killed costs its trial another run, and nothing else."""

from __future__ import annotations

import os
import signal
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.tune import fakes
from tinyforge.errors import ForgeError
from tinyforge.training.process import KilledError
from tinyforge.tune.executors import opened
from tinyforge.tune.study import Trial
from tinyforge.tune.trial import Job, Tried

pytest.importorskip("optuna")
pytest.importorskip("distributed")


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "begun"
    folder.mkdir()
    monkeypatch.setenv("TINYFORGE_TEST_FOLDER", str(folder))
    return folder


def killed(victim: Path, told: list[Trial], after: int) -> threading.Thread:
    """Kills it once so many trials are told, so that no other is in any worker's hands."""

    def kill() -> None:
        deadline = time.monotonic() + 60
        while len(told) < after and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(int(victim.read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.parametrize("engine", ["dask", *(["ray"] if find_spec("ray") else [])])
def test_one_of_two_workers_is_killed(engine: str, tmp_path: Path, begun: Path) -> None:
    study = fakes.study(tmp_path / "db")
    victim = tmp_path / "victim"
    told: list[Trial] = []
    with opened(engine, 2, work=fakes.one_hangs) as executor:
        thread = killed(victim, told, after=6)
        fakes.searched(study, executor, 7, jobs=2, told=told)
        thread.join()
    assert len(told) == 7 == len({t.candidate for t in told})
    assert all(t.outcome == fakes.outcome(t.candidate) for t in told)
    assert list(fakes.study(tmp_path / "db").finished) == sorted(told, key=lambda t: t.number)
    tries = [(path.name.split()[1], path.read_text()) for path in sorted(begun.iterdir())]
    assert str(os.getpid()) not in dict(tries)
    again = [what for who, what in tries if who == victim.read_text().strip()][-1]
    assert len(tries) == 8  # the killed one alone ran again
    assert [what for _, what in tries].count(again) == 2


def test_two_run_at_once_here(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=60)

    def meets(job: Job) -> Tried:
        both.wait()
        return fakes.work(job)

    with opened("local", 2, work=meets) as executor:
        assert len(fakes.searched(fakes.study(tmp_path / "db"), executor, 6, jobs=2)) == 6


def test_a_process_that_was_killed_here_is_a_lost_trial(tmp_path: Path) -> None:
    tries = []

    def dies_once(job: Job) -> Tried:
        tries.append(job)
        if len(tries) == 1:
            raise KilledError("TensorFlow crashed")
        return fakes.work(job)

    with opened("local", 1, work=dies_once) as executor:
        told = fakes.searched(fakes.study(tmp_path / "db"), executor, 2)
    assert [t.outcome.end for t in told] == ["proved", "proved"] and len(tries) == 3


def test_a_defect_is_no_outcome(tmp_path: Path) -> None:
    def wrong(job: Job) -> Tried:
        raise ZeroDivisionError

    with opened("local", 1, work=wrong) as executor, pytest.raises(ZeroDivisionError):
        fakes.searched(fakes.study(tmp_path / "db"), executor, 2)


def test_nobody_at_the_address() -> None:
    with pytest.raises(ForgeError, match="no address"), opened("local", 1, "tcp://x:1"):
        pass
    with (
        pytest.raises(ForgeError, match="no scheduler of Dask"),
        opened("dask", 1, "nonsense://x:1"),
    ):
        pass
