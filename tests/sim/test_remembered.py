"""Objects that were compiled before: when they serve, and when they must not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tinyforge.sim.toolchains import remembered
from tinyforge.sim.toolchains.build import compile_objects
from tinyforge.sim.toolchains.host import host_driver
from tinyforge.sim.toolchains.remembered import object_of

Compile = Callable[..., bool]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    remembered._folder.cache_clear()
    yield
    remembered._folder.cache_clear()


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Asks for the object of a source; whether it was compiled."""
    for name, text in (
        ("model.c", '#include "deep.h"\n'),
        ("deep.h", "#if 0\n# include <deeper.h>\n#endif\n/* includes much */\n"),
        ("headers/deeper.h", "int one;\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def ask(*flags: str, source: str = "model.c") -> bool:
        target, calls = tmp_path / "model.o", []

        def compile_it() -> None:
            calls.append(1)
            target.write_text(f"object {flags}")

        target.unlink(missing_ok=True)
        include = (tmp_path / "headers",)
        object_of(("gcc", *flags), tmp_path / source, include, target, compile_it)
        assert target.read_text() == f"object {flags}"
        return bool(calls)

    return ask


def test_the_second_time_it_is_there(compiled: Compile) -> None:
    assert [compiled(), compiled(), compiled("-O2"), compiled("-O2"), compiled()] == [
        *(True, False),
        *(True, False),
        False,
    ]


@pytest.mark.parametrize("name", ["model.c", "deep.h", "headers/deeper.h"])
def test_another_text_is_another_object(compiled: Compile, tmp_path: Path, name: str) -> None:
    assert compiled()
    before = (tmp_path / name).read_text()
    (tmp_path / name).write_text(f"{before}int two;\n")
    assert compiled()
    (tmp_path / name).write_text(before)
    assert not compiled()


def test_a_header_that_comes_before_another_is_taken(compiled: Compile, tmp_path: Path) -> None:
    assert compiled()
    (tmp_path / "deeper.h").write_text("int two;\n")
    assert compiled()


def test_of_the_same_text_elsewhere_it_is_the_same(compiled: Compile, tmp_path: Path) -> None:
    assert compiled()
    other = tmp_path / "other"
    other.mkdir()
    for name in ("model.c", "deep.h"):
        (other / name).write_bytes((tmp_path / name).read_bytes())
    assert not compiled(source="other/model.c")


def test_another_compiler_makes_its_own(
    compiled: Compile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled()
    (tmp_path / "gcc").write_text("newer")
    (tmp_path / "gcc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert compiled()


@pytest.mark.parametrize(
    "text",
    ["#include NAME", "const char *s = __FILE__;", 'asm(".incbin \\"x\\"");', "#embed <x>"],
)
def test_what_a_key_does_not_cover_is_compiled_each_time(
    compiled: Compile, tmp_path: Path, text: str
) -> None:
    (tmp_path / "deep.h").write_text(f"{text}\n")
    assert compiled()
    assert compiled()


def test_debugging_information_names_its_folder(compiled: Compile) -> None:
    assert compiled("-g")
    assert compiled("-g")


def test_no_more_than_so_much_is_kept(
    compiled: Compile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [f"-DN={number}" for number in range(4)]
    assert all(compiled(flag) for flag in flags)
    files = {file.read_text(): file for file in (tmp_path / "cache").rglob("*") if file.is_file()}
    for number, flag in enumerate(flags):
        os.utime(files[f"object ('{flag}',)"], (number, number))
    monkeypatch.setattr(remembered, "_MOST_BYTES", 2 * len(f"object ('{flags[0]}',)"))
    remembered._folder.cache_clear()
    assert not compiled(flags[2])
    assert not compiled(flags[3])
    assert compiled(flags[0])


def test_without_a_folder_all_is_compiled(
    compiled: Compile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    remembered._folder.cache_clear()
    assert compiled()
    assert compiled()


def test_a_real_compiler_s_object_comes_back(tmp_path: Path) -> None:
    source = tmp_path / "model.c"
    source.write_text("int two(void);\nint two(void) { return 2; }\n")
    first, again = (
        compile_objects(host_driver(), [source], include=(), objects=tmp_path / name)[0]
        for name in ("first", "again")
    )
    assert first.read_bytes() == again.read_bytes()
    assert [
        file.read_bytes() for file in (tmp_path / "cache" / "tinyforge" / "objects").iterdir()
    ] == [first.read_bytes()]
