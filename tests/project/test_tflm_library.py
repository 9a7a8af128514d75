"""Where a project has the interpreter from, and what the user may give in its place."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.corpus.models import classifier
from tests.device.emulated import Quiet
from tests.project.test_tree import example
from tinyforge.boards import Board, load
from tinyforge.engines.tflm.resolver import METHODS
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.preflight import require_project
from tinyforge.project.layout import cmake_arguments, sources_for
from tinyforge.project.tflm_library import dependency, library_for, require
from tinyforge.project.tree import project_files
from tinyforge.proof.examples import synthetic
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.spec import load as load_settings
from tinyforge.tflite import write

CHIRALE = "spaziochirale/Chirale_TensorFLowLite@2.0.0"
ANY = "trylaarsdam/Tensorflow Lite for Microcontrollers (WCL)@1.1.1"


class Told(Quiet):
    """Stages that keep what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library on this computer."""
    path = tmp_path / "a library"
    path.mkdir()
    (path / "library.json").write_text("{}")
    return path


@pytest.mark.parametrize(
    "text", [CHIRALE, ANY, "name@^1.2", "https://github.com/me/tflm.git#v1", "symlink:///else"]
)
def test_a_name_and_version_or_an_address_is_taken_as_it_is(text: str) -> None:
    assert dependency(text) == text
    assert dependency(None) is None


@pytest.mark.parametrize("text", ["", "nowhere", "owner/name", "owner/name@", "@1.0", "a@1\nb = c"])
def test_anything_else_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ForgeError, match="no such library") as caught:
        dependency(text)
    assert "library.json" in caught.value.fix


@pytest.mark.parametrize("text", ["https://${sysenv.HOME}", "git://a ; b", "x://%(here)s"])
def test_nothing_can_be_injected(text: str) -> None:
    with pytest.raises(ForgeError, match=r"platformio\.ini"):
        dependency(text)


def test_a_folder_is_linked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = f"symlink://{folder}"
    assert dependency(str(folder)) == dependency(linked) == linked
    monkeypatch.chdir(folder.parent)
    assert dependency(folder.name) == linked
    require(linked)
    (folder / "library.json").unlink()
    for text in (linked, str(folder), f"symlink://{folder}/missing"):
        with pytest.raises(ForgeError, match=r"no library\.json and no library\.properties"):
            require(text)


def test_a_wrong_folder_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="no PlatformIO library") as caught:
        require_project(Spec(tflm_library=str(tmp_path)))
    assert caught.value.where == str(tmp_path)


def test_settings_name_a_folder_beside_them(folder: Path) -> None:
    file = folder.parent / "tinyforge.toml"
    for text, found in ((folder.name, str(folder)), (CHIRALE, CHIRALE)):
        file.write_text(f'tflm_library = "{text}"\n')
        assert load_settings(file).tflm_library == found


def test_the_users_own_has_what_it_has() -> None:
    given = library_for("arduino", "me/tflm@1.0.0")
    assert (given.dependency, given.flags, given.lacks) == ("me/tflm@1.0.0", (), frozenset())
    assert library_for("sim", "me/tflm@1.0.0").flags == ("-D TF_LITE_STATIC_MEMORY",)
    assert library_for("espidf", "me/tflm@1.0.0") == library_for("espidf")
    assert library_for("arduino").lacks | library_for("sim").lacks <= set(METHODS)


def on_esp_idf() -> Board:
    pio = msgspec.structs.replace(load("esp32dev").platformio, frameworks=("espidf",))
    return msgspec.structs.replace(load("esp32dev"), platformio=pio)


def test_esp_idf_reads_its_component() -> None:
    project = example(board=on_esp_idf())
    files = project_files(project)
    assert files["src/idf_component.yml"] == (
        'dependencies:\n  espressif/esp-tflite-micro: "1.4.0"\n'
    )
    assert "ESP-NN" in files["README.md"]
    assert "not a multiple of 8" in files["README.md"]
    compiled = replace(project, engines={"aot": project.engines["aot"]})
    for other in (compiled, example()):
        assert "src/idf_component.yml" not in project_files(other)
        assert "ESP-NN" not in project_files(other)["README.md"]
    assert "src/CMakeLists.txt" in project_files(compiled)
    assert "src/CMakeLists.txt" not in project_files(example())


# In place of ESP-IDF: what it would compile, a line each.
REGISTER = """\
function(idf_component_register word)
  if(NOT word STREQUAL "SRCS")
    message(FATAL_ERROR "${word}")
  endif()
  foreach(source ${ARGN})
    message("${source}")
  endforeach()
endfunction()
include(src/CMakeLists.txt)
"""


@pytest.mark.skipif(not shutil.which("cmake"), reason="needs cmake")
@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_esp_idf_compiles_what_the_other_frameworks_do(engine: str, tmp_path: Path) -> None:
    """CMakeLists.txt, run by CMake, beside what the simulator takes for the same port."""
    files = project_files(example(board=on_esp_idf()))
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "register.cmake").write_text(REGISTER)

    def chosen(*, selftest: bool = False) -> list[str]:
        arguments = cmake_arguments(engine, selftest=selftest).split()
        shown = subprocess.run(
            ["cmake", *arguments, "-P", "register.cmake"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return sorted(shown.stderr.split())

    sources, _ = sources_for(tmp_path, engine, "espidf")
    expected = [path.relative_to(tmp_path / "src").as_posix() for path in sources]
    assert chosen() == sorted(expected)
    own = [f"selftest/{p.name}" for p in (tmp_path / "src" / "selftest").glob("*.c")]
    assert len(own) > 1
    assert chosen(selftest=True) == sorted({*expected, *own} - {"main.c"})


def test_the_readme_says_where_the_interpreter_comes_from() -> None:
    text = project_files(example())["README.md"]
    assert f"| `nrf52840_dk_tflm` | `{CHIRALE}` | CMSIS-NN |" in text
    assert f"| `sim_tflm`, `native_tflm` | `{ANY}` | reference |" in text
    own = project_files(example(tflm_library="symlink:///lib"))["README.md"]
    assert own.count("`symlink:///lib`") == 2


def generated(settings: Spec, op: str | None = None) -> tuple[dict[str, object], list[str]]:
    """A project's files, and what was noted. op: what its first layer is called, in the graph."""
    graph = classifier(1)
    model = write(graph)
    if op is not None:
        first, *rest = graph.operators
        graph = replace(graph, operators=(replace(first, op=op), *rest))
    told = Told()
    made = generate(Source(model, graph), synthetic(classifier(1), 2, seed=0), settings, told)
    return dict(made.files), told.notes


def test_a_project_keeps_the_library_it_was_given(folder: Path) -> None:
    files, notes = generated(Spec(engine="tflm", tflm_library=str(folder)))
    assert f'tflm_library = "symlink://{folder}"' in str(files["tinyforge.toml"])
    assert f"lib_deps = symlink://{folder}\n" in str(files["platformio.ini"])
    assert notes == []


def test_what_a_library_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tinyforge.proof.oracle.outputs", lambda model, graph, inputs: inputs[:, :3]
    )
    for op, environments in (
        ("BATCH_MATMUL", ["nrf52840_dk_tflm", "sim_tflm"]),
        ("EMBEDDING_LOOKUP", ["nrf52840_dk_tflm"]),
        ("CONV_2D", []),
    ):
        _, notes = generated(Spec(engine="tflm"), op)
        assert [note.split()[1] for note in notes] == environments
        assert all(f"has no {op}; --tflm-library" in note for note in notes)
    assert generated(Spec(engine="tflm", tflm_library="me/tflm@1.0.0"), "BATCH_MATMUL")[1] == []
