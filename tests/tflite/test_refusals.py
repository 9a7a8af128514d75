"""Models that cannot run: told what they are, and what to do that truly helps."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.corpus import models
from tests.corpus.builder import GraphBuilder
from tests.corpus.streaming import MODELS
from tests.fuzz.craft import OPERATOR, TENSOR, edited, tree
from tinyforge.cli import app
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.graph.passes import adapt
from tinyforge.tflite import read, require_quantized, write
from tinyforge.tflite.encoder import Node
from tinyforge.tflite.opcodes import OPERATOR_NUMBER

MODEL = models.classifier(0)


def refused(data: bytes) -> ForgeError:
    with pytest.raises(ForgeError) as caught:
        graph = read(data)
        require_quantized(adapt(graph)[0], graph)
    return caught.value


def as_floats(graph: Graph, weights: DType = DType.FLOAT32, *, keep: bool = False) -> Graph:
    """The model in float32; its weights of another type, as they are where they are kept."""
    tensors = []
    for t in graph.tensors:
        if t.quant is None or (keep and t.data is not None and t.dtype is DType.INT8):
            tensors.append(t)
            continue
        data = None if t.data is None else t.data.astype(np.float32)
        tensors.append(replace(t, dtype=DType.FLOAT32, quant=None, data=data))
    changed = replace(graph, tensors=tuple(tensors))
    return _halved(changed) if weights is DType.FLOAT16 else changed


def _halved(graph: Graph) -> Graph:
    """float16 weights, each behind a DEQUANTIZE."""
    tensors, operators = list(graph.tensors), list(graph.operators)
    for t in graph.tensors:
        if t.data is not None and t.dtype is DType.FLOAT32:
            half = replace(t, index=len(tensors), dtype=DType.FLOAT16, data=t.data.astype("f2"))
            tensors.append(half)
            tensors[t.index] = replace(t, data=None)
            operators.insert(0, Operator(0, "DEQUANTIZE", (half.index,), (t.index,), {}))
    numbered = tuple(replace(op, index=i) for i, op in enumerate(operators))
    return replace(graph, tensors=tuple(tensors), operators=numbered)


def named(graph: Graph, name: str) -> Graph:
    first, *rest = graph.tensors
    return replace(graph, tensors=(replace(first, name=name), *rest))


def partly() -> Graph:
    """int8 around an operator in float32."""
    b = GraphBuilder()
    x = b.op("RELU", [b.input((1, 4), 0.5)], (1, 4), 0.5)
    graph = b.build([b.op("TANH", [x], (1, 4), 1 / 128)])
    relu, tanh = graph.operators
    tensors = [*graph.tensors]
    for i, name in ((3, "real"), (4, "power"), (5, "back")):
        tensors.append(Tensor(i, name, (1, 4), DType.FLOAT32))
    tensors[5] = replace(graph.tensors[x], index=5, name="back")
    operators = [
        relu,
        Operator(1, "DEQUANTIZE", (x,), (3,), {}),
        Operator(2, "EXP", (3,), (4,), {}),
        Operator(3, "QUANTIZE", (4,), (5,), {}),
        replace(tanh, index=4, inputs=(5,)),
    ]
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators))


def custom(code: str) -> bytes:
    number = OPERATOR_NUMBER["CUSTOM"]
    return edited(
        MODEL,
        ("operator_codes/1/deprecated_builtin_code", number),
        ("operator_codes/1/builtin_code", number),
        ("operator_codes/1/custom_code", code),
    )


def builtin(name: str) -> bytes:
    number = OPERATOR_NUMBER[name]
    return edited(
        MODEL,
        ("operator_codes/1/deprecated_builtin_code", min(number, 127)),
        ("operator_codes/1/builtin_code", number),
        (f"{OPERATOR}/1/builtin_options_type", 0),
    )


def two_functions() -> bytes:
    (main,) = tree(MODEL).fields["subgraphs"]
    return edited(MODEL, ("subgraphs", [main, Node("SubGraph", {"name": "train"})]))


QUANTIZE = "tinyforge quantize model.keras --data calib.npz"
KINDS: list[tuple[Callable[[], bytes], str, str]] = [
    (lambda: write(as_floats(MODEL)), "not quantized: it computes in float32", QUANTIZE),
    (lambda: write(as_floats(MODEL, keep=True)), "dynamic-range quantized: its weights", QUANTIZE),
    (lambda: write(as_floats(MODEL, DType.FLOAT16)), "has float16 weights", QUANTIZE),
    (
        lambda: write(named(as_floats(MODEL), "prune_low_magnitude_conv/Conv2D")),
        "the pruning wrappers are still in it",
        "tfmot.sparsity.keras.strip_pruning(model); then quantize",
    ),
    (
        lambda: write(partly()),
        "only partly quantized: 1 of its 5 layers compute in float32: layer 2 EXP 'power'",
        "change these layers",
    ),
    (lambda: custom("ethos-u"), "compiled for an Arm Ethos-U NPU", "file that vela was given"),
    (lambda: custom("edgetpu-custom-op"), "Google's Edge TPU", "edgetpu_compiler was given"),
    (lambda: custom("FlexErf"), "FlexErf is an operator of TensorFlow itself", "becomes 'Erf'"),
    (lambda: custom("MyOwn"), "the custom operator 'MyOwn'", "end the exported model before"),
    (lambda: builtin("WHILE"), "WHILE is control flow", "unroll=True"),
    (lambda: builtin("IF"), "IF is control flow", "no tf.cond"),
    (lambda: builtin("DENSIFY"), "stored sparse", "EXPERIMENTAL_SPARSITY"),
    (
        lambda: edited(MODEL, (f"{TENSOR}/1/sparsity", Node("Buffer", {}))),
        "stored sparse",
        "EXPERIMENTAL_SPARSITY",
    ),
    (two_functions, "2 graphs ('main', 'train')", "from_concrete_functions"),
    (lambda: edited(MODEL, (f"{TENSOR}/3/type", 5)), "elements are STRING", "leave the layers"),
    (lambda: edited(MODEL, (f"{TENSOR}/3/type", 3)), "uint8, as TensorFlow 1 did", QUANTIZE),
]


@pytest.mark.parametrize(("make", "what", "fix"), KINDS, ids=[what[:25] for _, what, _ in KINDS])
def test_a_model_is_told_what_it_is(make: Callable[[], bytes], what: str, fix: str) -> None:
    error = refused(make())
    assert what in error.what
    assert fix in error.fix


def test_a_file_of_this_kind_is_told_so_by_every_command(corpus: Path) -> None:
    for command in (["build"], ["simulate"], ["generate"], ["inspect"]):
        shown = CliRunner().invoke(app, [*command, str(corpus / "cases/t_dynrange.tflite")])
        assert shown.exit_code == 2
        assert "dynamic-range quantized" in " ".join(shown.output.split())
        assert QUANTIZE in " ".join(shown.output.split())


def commands_of(fix: str) -> list[list[str]]:
    found = re.findall(r"tinyforge (?:quantize|build|generate|prune)(?: [\w.-]+)*", fix)
    return [shlex.split(command)[1:] for command in found]


def test_commands_in_remedies_take_other_files_than_the_refused_one() -> None:
    """They begin with the Keras model; a .tflite, given there, is told so and not sent back."""
    found: dict[str, list[str]] = {}
    for make, *_ in KINDS:
        for command in commands_of(refused(make()).fix):
            found[" ".join(command)] = command
    assert [*found] == ["quantize model.keras --data calib.npz"]
    shown = CliRunner().invoke(app, ["quantize", "refused.tflite", "--data", "calib.npz"])
    assert shown.exit_code == 2
    assert "tinyforge quantize" not in shown.output


def exotic() -> Graph:
    """An int8 operator that no engine has."""
    b = GraphBuilder()
    graph = b.build([b.op("RELU", [b.input((1, 4), 0.5)], (1, 4), 0.5)])
    (relu,) = graph.operators
    return replace(graph, operators=(replace(relu, op="COMPLEX_ABS", options={}),))


@pytest.mark.parametrize("engine", ["aot", "tflm", "both"])
def test_engines_do_not_send_in_a_circle(engine: str) -> None:
    with pytest.raises(ForgeError) as caught:
        choose(exotic(), engine)
    assert caught.value.fix == "no engine has it: change the layer"


def test_another_engine_is_named_where_it_has_the_layer() -> None:
    graph, _ = adapt(MODELS["sum"]())
    with pytest.raises(ForgeError) as caught:
        choose(graph, "tflm")
    assert caught.value.fix == "--engine aot has it"
    assert [*choose(graph, "aot").engines] == ["aot"]
