"""Hostile text against every gate: compilers, PlatformIO's own parser and the file system judge."""

import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinyforge.errors import ForgeError
from tinyforge.names import (
    MAX_COMMENT,
    MAX_IDENTIFIER,
    MAX_INI_VALUE,
    MAX_PATH,
    c_comment,
    c_float,
    c_identifier,
    c_string,
    ini_value,
    safe_path,
)

NASTY = [
    "a;b",
    "x*/ int y; /*",
    "*/",
    "/*",
    "/",
    "//",
    "*",
    '"',
    "%s%n",
    "line\nbreak",
    "carriage\rreturn",
    "trailing\\",
    "trailing??/",
    "??/\nint y;",
    "??'??(",
    "NUL\0inside",
    "\u202edetfel-ot-thgir\u202c",
    "żółć 日本語 🦆",
    "\ud800",
    "n" * 10_000,
    "",
    " ",
    "int",
    "class",
    "printf",
    "EOF",
    "linux",
    "2d",
    "__x",
    "_X",
    "a__b",
    "forge_init",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "${sysenv.HOME}",
    "\x07\x1b[31m",
    "#define x",
]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wtrigraphs", "-Wno-overlength-strings"]
COMPILERS = [["gcc", "-std=c11", "-x", "c"], ["g++", "-std=c++17", "-x", "c++"]]


def _compile(compiler: list[str], source: str, *arguments: str) -> None:
    """Compiles the text on standard input; any warning fails the test with the message."""
    result = subprocess.run(
        [*compiler, *WARNINGS, "-", *arguments],
        input=source.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr.decode()


@pytest.mark.parametrize("compiler", COMPILERS, ids=["C", "C++"])
def test_nasty_names_compile(compiler: list[str], tmp_path: Path) -> None:
    """Comments, strings and identifiers of all nasty names; the strings' bytes come out again."""
    taken: list[str] = []
    lines = ["#include <stdio.h>"]
    for text in NASTY:
        name = c_identifier(text, taken)
        taken.append(name)
        lines += [f"/* {c_comment(text)} */", f"// {c_comment(text)}"]
        lines += [f"static const char {name}[] = {c_string(text)};"]
    writes = (f"ok &= fwrite({n}, 1, sizeof {n}, stdout) == sizeof {n};" for n in taken)
    lines += ["int main(void) {", "int ok = 1;", *writes, "return !ok;", "}", ""]
    program = tmp_path / "program"
    _compile(compiler, "\n".join(lines), "-o", str(program))
    output = subprocess.run([program], capture_output=True, check=True, timeout=60).stdout
    expected = b"".join(text.encode(errors="replace") + b"\0" for text in NASTY)
    assert output == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(st.sampled_from('*/\\?"%;#\n\r\0(=<!>a1_ é'), max_size=12), min_size=40))
def test_random_punctuation_compiles(texts: list[str]) -> None:
    taken: list[str] = []
    lines = []
    for text in texts:
        taken.append(c_identifier(text, taken))
        lines += [f"/*{c_comment(text)}*/", f"//{c_comment(text)}"]
        lines += [f"extern const char {taken[-1]}[]; const char {taken[-1]}[] = {c_string(text)};"]
    _compile(COMPILERS[0], "\n".join(lines) + "\n", "-c", "-o", "/dev/null")


HEADERS = [
    *("assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646", "limits"),
    *("locale", "math", "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbool"),
    *("stddef", "stdint", "stdio", "stdlib", "string", "time", "wchar", "wctype", "unistd"),
]


@pytest.mark.parametrize("compiler", [["gcc", "-std=gnu11"], ["arm-none-eabi-gcc", "-std=gnu11"]])
def test_identifiers_are_free_whatever_the_c_library_declares(compiler: list[str]) -> None:
    """Every word of the library's own headers, as a name, collides with nothing in them."""
    includes = "".join(f"#include <{header}.h>\n" for header in HEADERS)
    try:
        words = "".join(
            subprocess.run(
                [*compiler, "-x", "c", "-E", *flags, "-"],
                input=includes,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for flags in ([], ["-dM"])
        )
    except FileNotFoundError:
        pytest.skip(f"needs {compiler[0]}")
    names: set[str] = set()
    for word in sorted(set(re.findall(r"[A-Za-z_]\w*", words))):
        names.add(c_identifier(word, names))
    assert len(names) > 3000
    source = includes + "".join(f"extern const int {name};\n" for name in sorted(names))
    _compile([*compiler, "-x", "c"], source, "-c", "-o", "/dev/null")


@given(st.text(), st.sets(st.sampled_from(["x_a", "x_a_2", "x_unnamed", "x_" + "n" * 61])))
@example("n" * 10_000, {"x_" + "n" * 61})
@example("", {"x_unnamed", "x_unnamed_2"})
def test_identifiers_have_their_form(text: str, taken: set[str]) -> None:
    name = c_identifier(text, taken)
    assert re.fullmatch(r"x(_[a-z0-9]+)+", name)
    assert len(name) <= MAX_IDENTIFIER
    assert name not in taken
    assert name == c_identifier(text, taken)


def test_identifiers_resemble_their_text() -> None:
    assert c_identifier("my-model") == "x_my_model"
    assert c_identifier("2d", prefix="layer") == "layer_2d"
    assert c_identifier("a-b", {"x_a_b"}) == "x_a_b_2"


FLOATS = [0.0, -0.0, 1.0, -2.0, 0.1, 1e10, 3.4028235e38, 1.1754944e-38, 1e-45, 16777217.0]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float_literals_have_the_form_of_one(value: float) -> None:
    text = c_float(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?f", text)
    assert set(text) & set(".e")


def test_a_compiler_reads_the_same_floats(tmp_path: Path) -> None:
    """Bit for bit: extremes, and random bit patterns."""
    bits = np.random.default_rng(1).integers(0, 1 << 32, 2000, np.uint32).view(np.float32)
    values = np.concatenate([np.array(FLOATS, np.float32), bits[np.isfinite(bits)]])
    body = ", ".join(c_float(value) for value in values.tolist())
    program = tmp_path / "program"
    source = (
        f"#include <stdio.h>\nstatic const float x[] = {{{body}}};\n"
        "int main(void) { return fwrite(x, sizeof x, 1, stdout) != 1; }\n"
    )
    _compile(COMPILERS[0], source, "-o", str(program))
    output = subprocess.run([program], capture_output=True, check=True, timeout=60).stdout
    assert output == values.tobytes()


@given(st.text())
def test_comments_are_one_short_line_of_ascii(text: str) -> None:
    comment = c_comment(text)
    assert re.fullmatch(r"[ -~]*", comment)
    assert len(comment) <= MAX_COMMENT
    assert c_comment("conv2d/BiasAdd;conv2d/Relu") == "conv2d/BiasAdd;conv2d/Relu"


def test_long_comments_end_in_dots() -> None:
    assert c_comment("n" * MAX_COMMENT) == "n" * MAX_COMMENT
    assert c_comment("n" * (MAX_COMMENT + 1)) == "n" * (MAX_COMMENT - 3) + "..."


INI = """\
import sys
from platformio.project.config import ProjectConfig
config = ProjectConfig(sys.argv[1])
assert config.envs() == ["a"] and sorted(config.options("env:a")) == ["custom_text", "platform"]
sys.stdout.buffer.write(config.get("env:a", "custom_text").encode())
"""


def _read_back(folder: Path, value: str) -> bytes:
    """What PlatformIO itself makes of the value."""
    path = folder / "platformio.ini"
    path.write_text(f"[env:a]\nplatform = native\ncustom_text = {value}\n", encoding="utf-8")
    script = [sys.executable, "-W", "ignore", "-c", INI, str(path)]
    return subprocess.run(script, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(
    "text",
    [
        "Doodle watch 2.0",
        "Doe, Jane <jane@example.org>",
        "a=b: c;d#e",
        "Żółw 🐢",
        "[env]",
        "",
        "n" * MAX_INI_VALUE,
    ],
)
def test_platformio_reads_back_what_passes(tmp_path: Path, text: str) -> None:
    assert _read_back(tmp_path, ini_value(text, what="the author")) == text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "x\n[env:b]",
        "x\rextra_scripts = evil.py",
        "x\u2028extra_scripts = evil.py",
        "x\x85y",
        "${sysenv.HOME}",
        "$HOME",
        "%(platform)s",
        "100 %",
        "!rm -rf ~",
        "-DX !rm",
        "-DX,!rm",
        "-DX, !rm",
        "a ; comment",
        "; comment",
        "# comment",
        " leading",
        "trailing\t",
        "NUL\0",
        "\x7f",
        "`id`",
        "\ud800",
        "n" * (MAX_INI_VALUE + 1),
    ],
)
def test_ini_refuses_what_has_a_meaning_there(text: str) -> None:
    with pytest.raises(ForgeError, match=r"the author .* platformio\.ini"):
        ini_value(text, what="the author")


@settings(max_examples=300)
@given(st.text(max_size=20))
def test_ini_values_survive_the_parser_that_platformio_uses(text: str) -> None:
    from configparser import ConfigParser

    try:
        value = ini_value(text, what="the author")
    except ForgeError:
        return
    parser = ConfigParser(inline_comment_prefixes=("#", ";"))
    parser.read_string(f"[env:a]\ncustom_text = {value}\nplatform = native\n")
    assert dict(parser["env:a"]) == {"custom_text": text, "platform": "native"}


@pytest.mark.parametrize(
    "text", ["src/main.c", "lib/my model/x-1.2+3.h", "a", ".gitignore", "nullify", "n" * MAX_PATH]
)
def test_ordinary_paths_pass(text: str) -> None:
    assert safe_path(text).as_posix() == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "..",
            "../../x",
            "a/../../b",
            "a/./b",
            "/etc/passwd",
            "//host/share",
            "a//b",
            "a/",
        ),
        *("C:x", "C:\\x", "\\x", "a\\..\\b", "~", "-flag", "a/-rf", " a", "a ", "a.", "a/b./c"),
        *(
            "CON",
            "con.txt",
            "a/NUL",
            "com1",
            "LPT9.tar.gz",
            "Aux .txt",
            "n" * 300,
            "a/" * 150 + "b",
        ),
        *("a\nb", "a\0b", "a:b", "a*b", "a?", "é", "\u202etxt", "a|b", "$HOME", "%TEMP%", "a;b"),
    ],
)
def test_paths_that_leave_or_confuse_are_refused(text: str) -> None:
    with pytest.raises(ForgeError, match="the path has"):
        safe_path(text)


@given(st.text(st.sampled_from("./\\aC:oOnN -~"), max_size=12))
def test_paths_that_pass_stay_inside(text: str) -> None:
    try:
        path = safe_path(text)
    except ForgeError:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts
    windows = PureWindowsPath(text)
    assert not windows.drive
    assert not windows.root
    assert windows.parts == path.parts
