"""The interpreter's half: its model, its operators, its arena, and glue that trusts nothing."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import TensorSpec, single_op
from tests.corpus.models import classifier, residual, separable
from tests.corpus.tflm import run
from tests.host_program import build, output_of
from tests.project.test_several import MIXED, VECTORS
from tinyforge.bench import baselines
from tinyforge.engines.base import Wish
from tinyforge.engines.tflm import TFLM, arena, embedded_model
from tinyforge.engines.tflm.arena import MARGIN, ArenaSize, arena_size, recorded
from tinyforge.engines.tflm.resolver import FLOAT_ONLY, INT8_HEADERS, METHODS, registrations
from tinyforge.errors import ForgeError
from tinyforge.graph import DType
from tinyforge.memory.interpreter import HOST, Kernels, kernels, predict, target_for
from tinyforge.memory.interpreter import arena as interpreter_arena
from tinyforge.project.model_files import Golden, model_files
from tinyforge.project.tflm_library import library_for
from tinyforge.resources import folder
from tinyforge.tflite import read_file
from tinyforge.tflite import write as tflite
from tinyforge.tflite.opcodes import CUSTOM_CODES, OPERATORS

INTERPRETER = Path(__file__).parent / "interpreter"
STAND_INS = (
    "debug_log.h",
    "kernels/conv.h",
    "kernels/fully_connected.h",
    "kernels/pooling.h",
    "kernels/softmax.h",
    "micro_interpreter.h",
    "micro_mutable_op_resolver.h",
    "micro_op_resolver.h",
)


# What a library has that formats its messages itself, as those did until the middle of 2023.
OLD_HEADER = "tflm/tensorflow/lite/micro/micro_string.h"


@pytest.fixture(scope="module", params=["old", "new"])
def glue(tmp_path_factory, request) -> tuple[Path, int]:
    """The generated sources and the glue, built against the stand-in of a library's generation; and
    the arena's bytes."""
    base = tmp_path_factory.mktemp("glue")
    if request.param == "old":
        (base / OLD_HEADER).parent.mkdir(parents=True)
        (base / OLD_HEADER).write_text("#pragma once\n")
    graph = classifier(3)
    lowered = TFLM().lower(graph, tflite(graph), Wish())
    vectors = [
        np.zeros((1, *graph.tensors[t].shape), np.int8) for t in (*graph.inputs, *graph.outputs)
    ]
    files = {**lowered.files, **model_files(graph, (), Golden(*vectors))}
    for path, text in files.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
    stand_in_headers(base)
    firmware = folder("firmware")
    program = build(
        [
            *(base / path for path in files if path.endswith((".c", ".cc"))),
            firmware / "engines/tflm/debug_log.cc",
            firmware / "engines/tflm/interpreter.cc",
            firmware / "engines/common.c",
            INTERPRETER / "scenarios.cc",
        ],
        base / "scenarios",
        include=includes(base),
    )
    (nbytes,) = (n for c, n in arena_size(graph, b"").others if "POINTER" in c)
    return program, nbytes


def includes(base: Path) -> list[Path]:
    runtime = [folder("firmware") / "include", folder("firmware") / "engines/tflm"]
    return [base / "include", base / "tflm", INTERPRETER, *runtime]


def stand_in_headers(base: Path) -> None:
    """Headers of TensorFlow's names that include the double."""
    for header in (*(f"micro/{name}" for name in STAND_INS), "schema/schema_generated.h"):
        path = base / "tflm/tensorflow/lite" / header
        path.parent.mkdir(parents=True, exist_ok=True)
        registration = f"Register_{'%s'}_INT8"
        names = [n for n, file in INT8_HEADERS.items() if header == f"micro/kernels/{file}"]
        path.write_text(
            '#pragma once\n#include "double.h"\n'
            + "".join(
                f"namespace tflite {{ inline TFLMRegistration {registration % n}() "
                "{ return int8_registration(); } }\n"
                for n in names
            )
        )


@pytest.fixture(scope="module")
def glue_of_several(tmp_path_factory) -> Path:
    """The glue for several inputs and outputs of all types, against the stand-in."""
    base = tmp_path_factory.mktemp("several")
    for path, text in model_files(MIXED, (), VECTORS).items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
    stand_in_headers(base)
    engines = folder("firmware") / "engines"
    sources = [base / "src/golden.c", engines / "tflm/interpreter.cc", engines / "common.c"]
    several = INTERPRETER / "several.cc"
    return build([*sources, several], base / "several", include=includes(base))


def test_every_input_and_output_is_checked_and_found(glue_of_several):
    def said(*arguments: str) -> str:
        return output_of(glue_of_several, *arguments).decode().strip()

    assert said("nothing", "input", "0") == "ok, all there"
    for side, count in (("input", 2), ("output", 5)):
        for number in range(count):
            for what in ("type", "bytes", "shape", "scale", "zero_point"):
                found = said(what, side, str(number))
                assert found == "the model does not match the generated constants", (what, number)


def scenario(program: Path, spoiled: str, number: int = 0) -> list[str]:
    return output_of(program, spoiled, str(number)).decode().splitlines()


def test_all_is_well(glue):
    program, nbytes = glue
    assert scenario(program, "nothing") == [
        "invoke: initializing did not succeed",
        "reset: initializing did not succeed",
        "before: input missing, output missing",
        f"arena: 12345 bytes in use, {nbytes - MARGIN} predicted, {nbytes} reserved",
        "init: ok",
        "after: input there, output there",
        "invoke: ok",
        "reset: ok",
        "again: ok",
        f"registered 5 of 5, 4 for int8 alone; arena {nbytes} bytes, aligned 1; model 1; 2 resets",
    ]


@pytest.mark.parametrize(
    ("spoiled", "numbers", "status"),
    [
        ("version", [0], "the model does not match the generated constants"),
        ("registration", range(5), "an operator could not be registered or failed"),
        ("allocate", [0], "the arena is too small for the model"),
        ("inputs", [0], "the model does not match the generated constants"),
        ("outputs", [0], "the model does not match the generated constants"),
        *(
            (what, [0, 1], "the model does not match the generated constants")
            for what in ("type", "bytes", "dims", "rank", "shape", "scale", "zero_point")
        ),
    ],
)
def test_whatever_fails_stops_forge_init(glue, spoiled, numbers, status):
    for number in numbers:
        lines = scenario(glue[0], spoiled, number)
        assert lines[3:8] == [
            f"init: {status}",
            "after: input missing, output missing",
            "invoke: initializing did not succeed",
            "reset: initializing did not succeed",
            f"again: {status}",
        ]


def test_a_failing_operator_stops_the_invocation(glue):
    lines = scenario(glue[0], "invoke")
    assert lines[4] == "init: ok"
    assert lines[6] == "invoke: an operator could not be registered or failed"


def test_a_sequence_that_cannot_begin_is_told(glue):
    failed = "an operator could not be registered or failed"
    assert scenario(glue[0], "reset")[6:9] == ["invoke: ok", f"reset: {failed}", f"again: {failed}"]


def test_messages_of_the_interpreter_go_to_the_console(glue):
    lines = scenario(glue[0], "message", 37)
    if (glue[0].parent / OLD_HEADER).is_file():
        assert lines == ["100% finished text"]
        return
    assert lines[0] == "needs 37 bytes, has none"
    assert lines[1] == "x" * 159
    assert lines[-1] == "? then 37, 1|2|xyz"
    assert len(lines) == 10
    assert all(line.startswith("same: ") for line in lines[2:-1]), lines


@pytest.mark.parametrize("network", [classifier, separable, residual])
def test_the_model_is_carried_to_the_byte(network):
    model = tflite(network(1))
    lowered = TFLM().lower(network(1), model, Wish())
    assert embedded_model(lowered.files) == model
    source = lowered.files["src/tflm/model_tflm.cc"]
    assert f"#else\n#define ARENA_PREDICTED {lowered.arena_bytes - MARGIN}\n#endif\n" in source
    assert lowered.flash_symbols == ("forge_model_data",)
    assert not lowered.layer_symbols


def test_an_edited_array_is_noticed():
    model = tflite(classifier(1))
    files = dict(TFLM().lower(classifier(1), model, Wish()).files)
    source = files["src/tflm/model_data.c"]
    files["src/tflm/model_data.c"] = source.replace("0x54", "0x55", 1)
    assert embedded_model(files) != model
    files["src/tflm/model_data.c"] = source.replace("0x54,", "0x54, 0x00,", 1)
    with pytest.raises(ForgeError, match="not as it was generated"):
        embedded_model(files)


def test_every_operator_once_by_its_name():
    found = registrations(residual(1))
    kinds = sorted({op.op for op in residual(1).operators})
    assert [r.method for r in found] == [METHODS[kind] for kind in kinds]
    for kind, registration in zip(kinds, found, strict=True):
        int8 = kind in INT8_HEADERS
        assert registration.registration == (f"Register_{kind}_INT8" if int8 else "")
        assert bool(registration.header) == int8


def test_the_generic_kernel_where_values_are_not_int8():
    graph = classifier(1)
    for dtype in (DType.INT16, DType.FLOAT32):
        tensors = list(graph.tensors)
        conv = next(op for op in graph.operators if op.op == "CONV_2D")
        tensors[conv.outputs[0]] = replace(tensors[conv.outputs[0]], dtype=dtype)
        by_method = {r.method: r for r in registrations(replace(graph, tensors=tuple(tensors)))}
        assert by_method["AddConv2D"].registration == ""
        assert by_method["AddMaxPool2D"].registration == ""  # it reads what the convolution writes
        assert by_method["AddSoftmax"].registration == "Register_SOFTMAX_INT8"


def test_missing_operators_are_named():
    graph = classifier(1)
    assert TFLM().missing(graph) == ()
    first, *rest = graph.operators
    odd = replace(graph, operators=(replace(first, op="TOPK_V2"), *rest))
    (missing,) = TFLM().missing(odd)
    assert missing.where == odd.where(odd.operators[0])
    assert "TOPK_V2" in missing.what


@pytest.mark.parametrize("op", FLOAT_ONLY)
@pytest.mark.parametrize("dtype", [DType.INT8, DType.INT16])
def test_operators_of_float32_alone_are_refused_as_the_interpreter_does(op, dtype):
    spec = TensorSpec((1, 4, 4, 2), 0.5, dtype=dtype)
    pool = {"filter_width": 1, "filter_height": 1, "stride_w": 1, "stride_h": 1}
    inputs = [spec] * (2 if op.startswith("FLOOR_") else 1)
    options = pool if op == "L2_POOL_2D" else {}
    graph = single_op(op, inputs=inputs, output=spec, options=options)
    (missing,) = TFLM().missing(graph)
    assert missing.what == f"TensorFlow Lite Micro has {op} for float32 alone"
    with pytest.raises(RuntimeError):
        run(graph, [np.ones((1, 4, 4, 2), dtype.numpy)] * len(inputs))
    real = tuple(replace(t, dtype=DType.FLOAT32, quant=None) for t in graph.tensors)
    assert TFLM().missing(replace(graph, tensors=real)) == ()


def test_the_table_names_operators():
    assert set(METHODS) <= {*OPERATORS, *CUSTOM_CODES}
    assert set(INT8_HEADERS) <= set(METHODS)
    assert len(set(METHODS.values())) == len(METHODS)


def test_the_tables_equal_the_librarys_headers():
    """TINYFORGE_TFLM: a local copy of the library that sim_tflm takes."""
    copy = os.environ.get("TINYFORGE_TFLM")
    if not copy:
        pytest.skip("needs TINYFORGE_TFLM")
    micro = Path(copy) / "src/tensorflow/lite/micro"
    text = (micro / "micro_mutable_op_resolver.h").read_text()
    found = re.findall(
        r"TfLiteStatus (Add\w+)\([^{]*\{\s*return AddBuiltin\(\s*BuiltinOperator_(\w+)", text
    )
    methods = {op: method for method, op in found}
    has = {op: method for op, method in METHODS.items() if op not in CUSTOM_CODES}
    lacks = library_for("sim").lacks
    assert {op: methods.get(op, method) for op, method in has.items()} == has
    assert {op for op in has if op not in methods} == lacks
    for op, header in INT8_HEADERS.items():
        assert f"Register_{op}_INT8()" in (micro / "kernels" / header).read_text()


needs_wheel = pytest.mark.skipif(
    arena.find_spec("tflite_micro") is None, reason="tflite-micro has wheels for Linux x86-64 only"
)


@needs_wheel
@pytest.mark.parametrize("network", [classifier, residual])
def test_what_the_package_records(network):
    """Known to the byte: tests/memory/test_interpreter_arena.py."""
    found = recorded(tflite(network(1)))
    computed = predict(network(1), HOST)
    assert (found.head, found.tail) == (computed.head, computed.tail)


@needs_wheel
def test_what_tflm_cannot_prepare_is_refused():
    for garbage in (b"", b"\x18\0\0\0TFL3", b"junk" * 100):
        with pytest.raises(ForgeError, match="cannot prepare"):
            recorded(garbage)


def test_a_hanging_child_is_stopped(monkeypatch):
    monkeypatch.setattr(arena, "_TIMEOUT_SECONDS", 0.001)
    monkeypatch.setattr(arena, "find_spec", lambda _: True)
    with pytest.raises(ForgeError, match="did not prepare"):
        recorded(b"")


def test_nothing_is_recorded_without_the_package(monkeypatch):
    monkeypatch.setattr(arena, "find_spec", lambda _: None)
    assert recorded(b"") is None


@pytest.mark.parametrize("network", [classifier, separable, residual])
def test_the_arena_is_the_smallest_that_works_and_a_margin(network):
    graph = network(1)
    found = arena_size(graph, b"")
    by_core = dict(found.others)
    assert found.nbytes == MARGIN + predict(graph, target_for("cortex-m4")).smallest_working
    vector = MARGIN + predict(graph, target_for("cortex-m55")).smallest_working
    assert by_core["defined(__ARM_FEATURE_MVE)"] == vector
    assert by_core["__SIZEOF_POINTER__ > 4"] > found.nbytes
    older = predict(graph, target_for("cortex-m4", Kernels.CMSIS_NN_2023)).smallest_working
    assert by_core["defined(ARDUINO)"] == MARGIN + older > found.nbytes
    assert all(n % 16 == 0 for n in (found.nbytes, *by_core.values()))


def undescribed(graph, monkeypatch) -> ArenaSize:
    """The arena when nothing is known of convolutions."""
    known = kernels.kernel_for
    monkeypatch.setattr(
        interpreter_arena, "kernel_for", lambda op, t: None if op == "CONV_2D" else known(op, t)
    )
    return arena_size(graph, tflite(graph))


@needs_wheel
def test_layers_that_are_not_described_take_what_is_recorded(monkeypatch):
    graph = residual(1)
    exact = arena_size(graph, b"")
    found = undescribed(graph, monkeypatch)
    assert "described: 6" in found.source[1]
    # 64-bit structures are larger, but CMSIS-NN's scratch buffers are not recorded.
    assert exact.nbytes * 0.8 <= found.nbytes <= exact.nbytes * 1.5


def test_layers_that_are_not_described_are_estimated_without_the_package(monkeypatch):
    monkeypatch.setattr(arena, "find_spec", lambda _: None)
    graph = residual(1)
    exact = arena_size(graph, b"")
    assert exact.nbytes <= undescribed(graph, monkeypatch).nbytes <= exact.nbytes + 6 * 1024


@needs_wheel
def test_a_plan_that_the_model_carries_is_not_described(monkeypatch):
    graph = residual(1)
    model = tflite(graph) + b"OfflineMemoryAllocation"  # the name alone plans nothing
    exact = arena_size(graph, b"")
    found = arena_size(graph, model)
    assert "described: 1" in found.source[1]
    assert found.nbytes == exact.nbytes
    monkeypatch.setattr(arena, "find_spec", lambda _: None)
    assert arena_size(graph, model).nbytes == exact.nbytes + 1024


@pytest.mark.parametrize("name", ["quickdraw", "resnet8", "kws", "vww", "ad"])
def test_the_arena_suffices_wherever_it_was_measured(corpus, name):
    """On Cortex-M4, M7 and M55, with CMSIS-NN and without: never less, and little more."""
    model, graph = read_file(corpus / "models" / f"{name}.tflite")
    found = arena_size(graph, model)
    vector = dict(found.others)["defined(__ARM_FEATURE_MVE)"]
    smallest = {"cortex-m4": 3024, "cortex-m7": 3024, "cortex-m55": 9712} if name == "ad" else {}
    rows = [row for row in baselines.load(corpus / "baselines") if row.model == name]
    assert len(rows) == 4
    for row in rows:
        nbytes = vector if row.core == "cortex-m55" else found.nbytes
        least = smallest.get(row.core, row.arena)
        assert least <= nbytes <= least * 1.02 + MARGIN, row


# Bytes in use on a Cortex-M4 with Chirale_TensorFLowLite 2.0.0, as forge_init says at boot.
CHIRALE = {"quickdraw": 11716, "resnet8": 55188, "kws": 24164, "vww": 101108, "ad": 2596}


@pytest.mark.parametrize("name", CHIRALE)
def test_the_arena_suffices_for_a_library_of_2023(corpus, name):
    """And little more: its structures are at most those that are computed."""
    model, graph = read_file(corpus / "models" / f"{name}.tflite")
    found = predict(graph, target_for("cortex-m4", Kernels.CMSIS_NN_2023))
    assert found.unknown == ()
    assert CHIRALE[name] <= found.used <= CHIRALE[name] + 192
    arduino = dict(arena_size(graph, model).others)["defined(ARDUINO)"]
    assert arduino == found.smallest_working + MARGIN


def test_a_user_may_give_more_arena(tmp_path):
    """Where a library's own kernels take what nobody computed."""
    graph = classifier(1)
    source = TFLM().lower(graph, tflite(graph), Wish()).files["src/tflm/model_tflm.cc"]
    begin, end = source.index("#if defined(__ARM"), source.index("namespace {")
    main = (
        f"#include <cstdint>\n#include <cstddef>\n#include <cstdio>\n{source[begin:end]}\n"
        'int main() { printf("%zu %zu", forge_arena_bytes, forge_arena_predicted); }\n'
    )
    (tmp_path / "main.cc").write_text(main)
    own = build([tmp_path / "main.cc"], tmp_path / "own", defines=["ARDUINO=1"])
    nbytes, predicted = map(int, output_of(own).split())
    assert nbytes == predicted + MARGIN
    more = build(
        [tmp_path / "main.cc"], tmp_path / "more", defines=["FORGE_TFLM_ARENA_BYTES=65536"]
    )
    assert output_of(more).split() == [b"65536", str(predicted).encode()]


def test_a_defect_in_the_interpreter_ends_the_program_with_a_message(tmp_path):
    """On newlib, whose own functions bring printf and malloc; here glibc plays its part."""
    main = tmp_path / "main.cc"
    main.write_text(
        "#include <cstdio>\n#include <cstdlib>\n"
        'extern "C" [[noreturn]] void '
        "__assert_func(const char *, int, const char *, const char *);\n"
        'extern "C" void forge_port_print(const char *text) { fputs(text, stdout); }\n'
        'extern "C" void forge_port_exit(int status) { exit(status == EXIT_FAILURE ? 0 : 2); }\n'
        "int main(int argc, char **) {\n"
        '  if (argc > 1) __assert_func("file.h", 1, "f", "size > 0");\n'
        "  abort();\n"
        "}\n"
    )
    firmware = folder("firmware")
    program = build(
        [main, firmware / "engines/tflm/abort.cc"],
        tmp_path / "program",
        include=[firmware / "include"],
        defines=["__NEWLIB__=4"],
    )
    aborted = b"TensorFlow Lite Micro: abort\n"
    assert output_of(program) == aborted
    assert output_of(program, "assert") == b"assertion failed: size > 0\n" + aborted
