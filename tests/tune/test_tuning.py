"""A search as a whole: its folder is its own, and what cannot come to anything ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tinyforge import interrupts
from tinyforge.errors import ForgeError
from tinyforge.stages import Silent
from tinyforge.training.recipe import Amounts, Recipe
from tinyforge.tune import tuning
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.study import Trial
from tinyforge.tune.trial import Outcome

PLAIN = Candidate(Recipe(int8=True), Amounts(), "size")

HOLDER = """
import sys
from pathlib import Path
from tinyforge.tune.tuning import own_folder
with own_folder(Path(sys.argv[1])):
    input()
"""


def test_one_search_a_folder(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(tmp_path / "f")]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE)
    try:
        while not (tmp_path / "f" / tuning.LOCK).exists():
            assert process.poll() is None
        with pytest.raises(ForgeError, match="another search runs"):
            while True:
                with tuning.own_folder(tmp_path / "f"):
                    pass
    finally:
        process.kill()
        process.communicate()
    with tuning.own_folder(tmp_path / "f"):  # who was killed holds nothing
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear reader")
    with pytest.raises(ForgeError, match="no search"), tuning.own_folder(tmp_path):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_a_search_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path / "new", tmp_path):
        with pytest.raises(ForgeError, match="no such model"), tuning.own_folder(folder):
            assert (folder / tuning.LOCK).exists()
            raise ForgeError("no such model")
    assert [p.name for p in tmp_path.iterdir()] == [tuning.LOCK], "what was there stays"
    with pytest.raises(ForgeError), tuning.own_folder(tmp_path / "new"):
        (tmp_path / "new" / tuning.STUDY).touch()
        raise ForgeError("later")
    assert (tmp_path / "new" / tuning.LOCK).exists(), "it goes on with what it has"


def test_an_interrupted_search_says_that_nothing_is_lost(tmp_path: Path) -> None:
    notes: list[str] = []
    stages = Silent()
    stages.note = notes.append  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt), tuning.resumable(tmp_path, stages):
        raise KeyboardInterrupt
    assert interrupts.written()[-1] == tmp_path
    assert notes == ["trials that are over are kept: the same command goes on"]


def test_where_all_are_refused_there_is_an_end() -> None:
    def ended(*reasons: str) -> list[Trial]:
        return [
            Trial(i, PLAIN, Outcome("refused", why=why) if why else Outcome("stopped"))
            for i, why in enumerate(reasons)
        ]

    tuning.require_some(ended("no", "no", "no"))
    tuning.require_some(ended("", "no", "no", "no", "no"))
    tuning.require_some(ended("no", "no", "no", "never"))
    with pytest.raises(ForgeError, match="candidates are refused: no"):
        tuning.require_some(ended("no", "no", "no", "no"))
