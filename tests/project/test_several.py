"""Several inputs and outputs, of any type: model.h, the device API, and what the README shows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import several
from tests.corpus.models import classifier
from tests.firmware import sanitized
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant, Tensor
from tinyforge.graph.packed import packed
from tinyforge.project.example import example_lines, frame_lines
from tinyforge.project.model_files import Golden, macros, model_files
from tinyforge.resources import folder

STEP = Quant((0.5,), (3,))
# No engine computes this: what is tested is all around one.
MIXED = Graph(
    "mixed",
    (
        Tensor(0, "audio", (1, 3), DType.INT16, Quant((0.25,), (0,))),
        Tensor(1, "mode", (1, 2), DType.INT8, STEP),
        Tensor(2, "scores", (1, 3), DType.INT8, STEP),
        Tensor(3, "wave", (1, 2), DType.INT16, Quant((0.25,), (0,))),
        Tensor(4, "class", (1,), DType.INT32),
        Tensor(5, "level", (1, 2), DType.FLOAT32),
        Tensor(6, "loud", (1, 2), DType.BOOL),
    ),
    (),
    (0, 1),
    (2, 3, 4, 5, 6),
)
# All types as inputs.
TYPES = replace(MIXED, inputs=MIXED.outputs, outputs=MIXED.inputs)
ANSWER = packed(
    [
        np.array([[1, 2, -3]], np.int8),
        np.array([[300, -32768]], np.int16),
        np.array([[70000]], np.int32),
        np.array([[0.5, -2.0]], np.float32),
        np.array([[True, False]]),
    ]
)
VECTORS = Golden(packed([np.array([[1, -2, 300]], np.int16), np.array([[4, -5]], np.int8)]), ANSWER)

# An engine that gives the golden outputs, but for a byte that argument 1 of the program names.
ENGINE = r"""
#include <stdio.h>
#include <string.h>
#include "forge/forge.h"
#include "golden.h"
#include "model.h"

_Alignas(4) static int8_t in[FORGE_INPUT_COUNT][64], out[FORGE_OUTPUT_COUNT][64];
extern int wrong;
int wrong = -1;

void *forge_input_at(int index) { return in[index]; }
const void *forge_output_at(int index) { return out[index]; }
forge_status forge_init(void) { return FORGE_OK; }
forge_status forge_reset(void) { return FORGE_OK; }
void forge_port_print(const char *text) { fputs(text, stdout); }

forge_status forge_invoke(void) {
  static const size_t sizes[] = {FORGE_OUTPUTS(FORGE_TENSOR_BYTES)};
  int byte = 0;
  for (int i = 0; i < FORGE_OUTPUT_COUNT; i++) {
    for (size_t j = 0; j < sizes[i]; j++, byte++) {
      out[i][j] = (int8_t)(forge_golden_outputs[0][byte] ^ (byte == wrong));
    }
  }
  return FORGE_OK;
}
"""
SELFTEST = r"""
#include <stdlib.h>
#include "forge/forge.h"
extern int wrong;
int main(int argc, char **argv) {
  wrong = argc > 1 ? atoi(argv[1]) : -1;
  return forge_selftest() != FORGE_OK;
}
"""


def written(graph: Graph, golden: Golden, workspace: Path, **sources: str) -> list[Path]:
    """A model's files, and more C of those names; with the runtime, what is to be compiled."""
    extra = {f"{name}.c": text for name, text in sources.items()}
    for name, text in {**model_files(graph, (), golden), **extra}.items():
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(text)
    own = [workspace / name for name in ("src/golden.c", *extra)]
    return [*own, folder("firmware") / "engines" / "common.c"]


def built(graph: Graph, golden: Golden, workspace: Path, program: str) -> Path:
    include = [workspace / "include", folder("firmware") / "include"]
    sources = written(graph, golden, workspace, engine=ENGINE, program=program)
    return sanitized.build(sources, workspace / "program", include)


def test_the_self_test_names_output_and_element(tmp_path: Path) -> None:
    program = built(MIXED, VECTORS, tmp_path, SELFTEST)
    found = {}
    for byte in (None, 1, 4, 6, 7, 9, 11, 15, 20):
        arguments = [] if byte is None else [str(byte)]
        done = subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, check=False
        )
        found[byte] = (done.returncode, done.stdout.removesuffix("\n"))
    assert found.pop(None) == (0, "PASS: 1 golden vectors")
    begin = "FAIL: golden vector 0, output"
    half, other = (np.array([x], np.uint32).item() for x in (0x3F000000, 0x3F000001))
    assert found == {
        1: (1, f"{begin} 0, element 1: expected 2, found 3"),
        4: (1, f"{begin} 1, element 0: expected 300, found 44"),
        6: (1, f"{begin} 1, element 1: expected -32768, found -32512"),
        7: (1, f"{begin} 2, element 0: expected 70000, found 70001"),
        9: (1, f"{begin} 2, element 0: expected 70000, found 4464"),
        11: (1, f"{begin} 3, element 0: expected {half}, found {other}, as bits"),
        15: (1, f"{begin} 3, element 1: expected {-(2**30)}, found {-(2**30) + 1}, as bits"),
        20: (1, f"{begin} 4, element 1: expected 0, found 1"),
    }


BOUNDARY = r"""
#include <stdio.h>
#include "forge/forge.h"
#include "model.h"
int main(void) {
  const float reals[] = {0.0f, 0.125f, -0.124f, 1.5f, 8191.75f, 1e9f, -1e9f};
  int16_t *audio = forge_input(FORGE_INPUT_AUDIO);
  int8_t *mode = forge_input(FORGE_INPUT_MODE);
  for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
    audio[0] = (int16_t)forge_quantize_input_at(FORGE_INPUT_AUDIO, reals[i]);
    mode[0] = (int8_t)forge_quantize_input_at(FORGE_INPUT_MODE, reals[i]);
    printf("%d %d\n", audio[0], mode[0]);
  }
  printf("%g %g %g %g\n", (double)forge_dequantize_output_at(FORGE_OUTPUT_SCORES, 5),
         (double)forge_dequantize_output_at(FORGE_OUTPUT_WAVE, -2),
         (double)forge_dequantize_output_at(FORGE_OUTPUT_CLASS, 9),
         (double)forge_dequantize_output_at(FORGE_OUTPUT_LEVEL, 0.75f));
  return 0;
}
"""


def test_real_values_of_each_input_and_output(tmp_path: Path) -> None:
    """Rounded half away from zero, saturated, each in its own type and scale."""
    done = sanitized.run(built(MIXED, VECTORS, tmp_path, BOUNDARY))
    assert done.stdout.decode().splitlines() == [
        "0 3", "1 3", "0 3", "6 6", "32767 127", "32767 127", "-32768 -128",
        "1 -0.5 9 0.75",
    ]  # fmt: skip


PLAIN = r"""
#include <stdio.h>
#include "forge/forge.h"
#include "model.h"
int main(void) {
  const float reals[] = {0.0f, 0.5f, -1.5f, 70000.0f, 2147483520.0f, 3e9f, -3e9f, 0.0f / 0.0f};
  for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
    printf("%.9g ", (double)forge_quantize_input(reals[i]));
  }
  printf("%g\n", (double)forge_dequantize_output((forge_output_t)1));
  return 0;
}
"""
PLAIN_VALUES = {
    DType.INT32: [0, 1, -2, 70000, 2147483520, 2147483647, -(2**31), -(2**31), 1],
    DType.FLOAT32: [0, 0.5, -1.5, 70000, 2147483520, 3e9, -3e9, float("nan"), 1],
    DType.BOOL: [0, 1, 1, 1, 1, 1, 1, 1, 1],
}


@pytest.mark.parametrize("dtype", PLAIN_VALUES)
def test_types_without_a_scale_take_values_as_they_are(dtype: DType, tmp_path: Path) -> None:
    graph = of_type(dtype, None)
    done = sanitized.run(built(graph, zeros_for(graph), tmp_path, PLAIN))
    found = [float(word) for word in done.stdout.split()]
    np.testing.assert_array_equal(np.float32(found), np.float32(PLAIN_VALUES[dtype]))


def zeros_for(graph: Graph) -> Golden:
    sizes = (graph.input_bytes, graph.output_bytes)
    return Golden(*(np.zeros((1, size), np.int8) for size in sizes))


def of_type(dtype: DType, quant: Quant | None) -> Graph:
    """Input and output of a type."""
    tensors = (Tensor(0, "in", (1, 3), dtype, quant), Tensor(1, "out", (1, 2), dtype, quant))
    return Graph("m", tensors, (), (0,), (1,))


# What a user's own code looks like: no casts, no warnings.
USER = r"""
#include "forge/forge.h"
#include "model.h"
void read_camera_row(void *row);
void read_camera_row(void *row) { (void)row; }
static void use(const float *values, const float *values_0, const float *values_1,
                const float *values_2, const float *values_3, const float *values_4) {
  (void)values, (void)values_0, (void)values_1, (void)values_2, (void)values_3, (void)values_4;
@EXAMPLE@
}
int main(void) {
  static const float reals[128];
  use(reals, reals, reals, reals, reals, reals);
  return 0;
}
"""
MODELS = {
    "one": classifier(3),
    "tangled": several.tangled(),
    "two_heads": several.two_heads(),
    "mixed": MIXED,
    "types": TYPES,
    "int16": of_type(DType.INT16, STEP),
    "int32": of_type(DType.INT32, None),
    "float32": of_type(DType.FLOAT32, None),
    "bool": of_type(DType.BOOL, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_the_readme_shows_compiles_without_a_warning(name: str, tmp_path: Path) -> None:
    graph = MODELS[name]
    zeros = zeros_for(graph)
    for by_rows in (False, True):
        example = "\n".join(example_lines(graph, by_rows=by_rows))
        used, count = re.subn(r"float (answer\w*) = .*;", r"\g<0> (void)\1;", example)
        assert count == len(graph.outputs)
        source = USER.replace("@EXAMPLE@", used)
        sanitized.run(built(graph, zeros, tmp_path, source))


def test_model_h_and_its_macros_in_cpp(tmp_path: Path) -> None:
    written(MIXED, VECTORS, tmp_path)
    source = tmp_path / "user.cpp"
    source.write_text(
        '#include "model.h"\n'
        "int16_t *audio() { return static_cast<int16_t *>(forge_input(FORGE_INPUT_AUDIO)); }\n"
        "const void *first() { return forge_output(); }\n"
        'static_assert(FORGE_INPUT_COUNT == 2 && FORGE_OUTPUT_COUNT == 5, "");\n'
        "const int shape[] = FORGE_OUTPUT_LEVEL_SHAPE;\n"
    )
    include = [f"-I{path}" for path in (tmp_path / "include", folder("firmware") / "include")]
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    subprocess.run(["c++", *flags, *include, str(source)], check=True)


def names(*given: str) -> Sequence[str]:
    return macros(
        "FORGE_INPUT", [Tensor(i, n, (1,), DType.INT8, STEP) for i, n in enumerate(given)]
    )


def test_macros_of_several_are_named_after_the_tensors() -> None:
    assert names("only") == ["FORGE_INPUT"]
    assert names("serving_default_x:0", "y") == ["FORGE_INPUT_SERVING_DEFAULT_X_0", "FORGE_INPUT_Y"]


@pytest.mark.parametrize(
    "given",
    [("a", "a"), ("a", "a bytes"), ("a bytes", "a"), ("rows", "bytes", "count"), ("é", "ü", ""),
     ("x" * 80, "x" * 81), ("0", "1"), ("*/", "a\\\n", "\"")],
    ids=str,
)  # fmt: skip
def test_no_macro_is_defined_twice(given: tuple[str, ...], tmp_path: Path) -> None:
    tensors = tuple(Tensor(i, n, (1, 2), DType.INT8, STEP) for i, n in enumerate(given))
    graph = Graph("m", tensors, (), tuple(range(len(given))), tuple(range(len(given))))
    zeros = Golden(*(np.zeros((1, 2 * len(given)), np.int8) for _ in range(2)))
    header = model_files(graph, (), zeros)["include/model.h"]
    defined = re.findall(r"#define (\w+)", header)
    assert len(defined) == len(set(defined))
    sanitized.run(built(graph, zeros, tmp_path, "int main(void) { return 0; }\n"))


def test_labels_name_the_classes_of_the_head_that_has_as_many() -> None:
    graph = several.two_heads()
    zeros = Golden(np.zeros((1, 8), np.int8), np.zeros((1, 8), np.int8))
    files = model_files(graph, ("s", "m", "l"), zeros)
    for line in ("#define FORGE_CLASS_COUNT 3\n", "#define FORGE_CLASS_OUTPUT 1\n"):
        assert line in files["include/model.h"]
    assert "FORGE_CLASS_COUNT" not in model_files(graph, (), zeros)["include/model.h"]
    with pytest.raises(ForgeError, match="4 labels for a model that tells 5, 3 classes apart"):
        model_files(graph, ("a", "b", "c", "d"), zeros)


def test_frames_are_described_where_they_are_more_than_bytes() -> None:
    assert frame_lines(classifier(3), (), by_rows=False) == []
    tangled = several.tangled()
    assert [line.split(",")[0] for line in frame_lines(tangled, (), by_rows=False)] == [
        "in: `FORGE_INPUT_ROWS_0`", "in: `FORGE_INPUT_A`", "in: `FORGE_INPUT_A_BYTES_2`",
        "back: `FORGE_OUTPUT_X_BYTES`", "back: `FORGE_OUTPUT_RESHAPE_4`",
        "back: `FORGE_OUTPUT_A`", "back: `FORGE_OUTPUT_X_3`", "back: `FORGE_OUTPUT_X_4`",
    ]  # fmt: skip
    # The picture comes last where its rows are pushed as they come.
    fed_by_rows = frame_lines(tangled, (), by_rows=True)
    assert fed_by_rows[2] == "in: `FORGE_INPUT_ROWS_0`, 96 bytes: 96 of int8"
    wide = replace(MIXED, inputs=(0,), outputs=(3,))
    assert frame_lines(wide, (), by_rows=False) == [
        "in: `FORGE_INPUT`, 6 bytes: 3 of int16", "back: `FORGE_OUTPUT`, 4 bytes: 2 of int16",
    ]  # fmt: skip
    heads = several.two_heads()
    assert len(frame_lines(heads, (), by_rows=False)) == 3
    # What is said in words comes back in no bytes.
    assert frame_lines(heads, ("s", "m", "l"), by_rows=False) == []
