"""The C array of a model: compilers see the bytes that went in, and any edit is noticed."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyforge.errors import ForgeError
from tinyforge.tflite.c_array import c_array, c_array_header, parse_c_array

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wredundant-decls", "-Wconversion"]

MAIN = """
#include "{header}"
#include <stdio.h>
int main(void) {{
  if ((unsigned long)(size_t){symbol} % 16 != 0 || {symbol}_len != sizeof {symbol}) return 1;
  return fwrite({symbol}, 1, {symbol}_len, stdout) != {symbol}_len;
}}
"""


@given(st.binary(min_size=1, max_size=100))
def test_parsing_gives_the_bytes_back(data: bytes) -> None:
    assert parse_c_array(c_array(data, "model_data")) == data


@pytest.mark.parametrize(
    ("compiler", "suffix"), [(["gcc", "-std=c11"], ".c"), (["g++", "-std=c++17"], ".cpp")]
)
def test_compiled_array_holds_the_bytes(tmp_path: Path, compiler: list[str], suffix: str) -> None:
    data = bytes(range(256)) + b"\x00\xff" * 7
    array, main = tmp_path / f"array{suffix}", tmp_path / f"main{suffix}"
    (tmp_path / "array.h").write_text(c_array_header("model_data", len(data)))
    array.write_text(c_array(data, "model_data"))
    main.write_text(MAIN.format(header="array.h", symbol="model_data"))
    program = tmp_path / "program"
    subprocess.run([*compiler, *WARNINGS, array, main, "-o", program], check=True)
    assert subprocess.run([program], check=True, capture_output=True).stdout == data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0x02", "0x03"),
        ("[16]", "[17]"),
        ("_len = 16", "_len = 15"),
        ("0x05, ", ""),
        ("0x05,", "0x5,"),
        ("0x0c,", "0x0C,"),
        ("alignas(16)", "alignas(1)"),
        ("const unsigned char model_data[16] =", "unsigned char model_data[16] ="),
        ("\n};", "\n  0x00,\n};"),
        ("};", "}; /* */"),
        ("#endif\n", "#endif\nint x;\n"),
    ],
)
def test_any_edit_is_noticed(old: str, new: str) -> None:
    text = c_array(bytes(range(16)), "model_data")
    assert old in text
    edited = text.replace(old, new)
    if (old, new) == ("0x02", "0x03"):  # consistent: it is another model's array
        assert parse_c_array(edited) == bytes([0, 1, 3, *range(3, 16)])
        return
    with pytest.raises(ForgeError):
        parse_c_array(edited)


@given(st.text())
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ForgeError):
        parse_c_array(text)
