"""What a command writes where: progress and errors to stderr, the result alone to stdout."""

import json
import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from rich.text import Text

from tinyforge.cli.ui import Ui
from tinyforge.errors import ForgeError

ERROR = ForgeError(
    "CONV_2D needs int8 [/x] weights", where="layer 3 'a\x1b[2Jb'", fix="do " + "x" * 90
)


def fails(ui):
    with pytest.raises(SystemExit) as stop, ui.errors():
        raise ERROR
    return stop.value.code


def test_a_stage_is_one_line_where_there_is_no_terminal(capsys):
    with Ui().stage("Train the CNN", total=2) as tell:
        tell(1)
        tell(2)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r" +\d+\.\d s  Train the CNN\n", err)


def test_a_result_goes_to_stdout_and_a_note_to_stderr(capsys):
    ui = Ui()
    ui.print(Text("the report"))
    ui.note("wrote [out]")
    ui.emit_json({"not": "asked for"})
    assert capsys.readouterr() == ("the report\n", "wrote [out]\n")


def test_with_json_stdout_is_one_document(capsys):
    ui = Ui(json=True)
    with ui.stage("Prove"):
        ui.print("the report")
    ui.emit_json({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_an_error_says_what_where_and_the_fix(capsys):
    assert fails(Ui()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"error: CONV_2D needs int8 [/x] weights\n  where: layer 3 'a?[2Jb'\n  fix: do {'x' * 90}\n"
    )


@pytest.fixture
def logger() -> Iterator[None]:
    """Leaves the package's logger as it was: what silences TensorFlow's warnings asks it."""
    level = logging.getLogger("tinyforge").level
    yield
    logging.getLogger("tinyforge").setLevel(level)


@pytest.mark.usefixtures("logger")
def test_debug_shows_the_traceback(capsys):
    assert fails(Ui(debug=True)) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "in fails" in err
    assert "error: CONV_2D" in err


def test_with_json_an_error_is_a_document_too(capsys):
    assert fails(Ui(json=True)) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["where"] == ERROR.where
    assert "error: CONV_2D" in err


def test_a_defect_of_ours_is_not_dressed_up():
    with pytest.raises(ZeroDivisionError), Ui().errors():
        _ = 1 / 0


_TALKATIVE = """
import os
import time
from tinyforge.cli.ui import Ui
with Ui().stage("Train the CNN", total=4) as tell:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    for done in range(1, 5):
        tell(done)
        os.write(2, b"chatter")
        time.sleep(0.3 if done == 2 else 0)
"""


def on_terminal(script, **environment):
    """What a terminal is sent by a program that ends well."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"} | environment,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    assert child.wait() == 0
    return seen.decode()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_bars_of_stages_stand_below_each_other(columns):
    script = (
        "from tinyforge.cli.ui import Ui\n"
        "for title in ('Read', 'Plan the arena and compile ' * 4):\n"
        "    with Ui().stage(title): pass\n"
    )
    text = on_terminal(script, COLUMNS=str(columns))
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "\n")
    lines = [line for line in plain.splitlines() if line.startswith("done")]
    assert len({line.index("━") for line in lines}) == 1, lines
    assert all(len(line) <= columns and line[-7:].strip().startswith("0:00") for line in lines)
    assert "…" in lines[-1]


def test_a_terminal_sees_progress_though_a_library_is_silenced():
    """The bar has a descriptor of its own; what is written to descriptor 2 goes nowhere."""
    text = on_terminal(_TALKATIVE)
    assert "Train the CNN" in text
    assert "50%" in text, "two steps of four are done for a while"
    assert "75%" not in text.split("50%")[0]
    assert "100%" in text
    assert "chatter" not in text


def test_a_narrow_encoding_does_not_end_the_command():
    script = "from tinyforge.cli.ui import Ui; Ui().note('caf\\u00e9 \\u4e2d')"
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert run.stderr == b"caf? ?\n"


def test_nothing_heavy_is_imported_before_something_is_shown():
    script = (
        "import sys, tinyforge.cli; before = set(sys.modules); import tinyforge.cli.ui;"
        "new = {m.split('.')[0] for m in set(sys.modules) - before};"
        "assert not new & {'rich', 'jinja2', 'numpy', 'typer'}, new"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
