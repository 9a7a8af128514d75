"""Well-formed files whose content is wrong, one field at a time: each is refused, and says why."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from tests.corpus import models
from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.fuzz.craft import OPERATOR, TENSOR, edited, tree
from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType, Graph, Quant
from tinyforge.tflite import read, require_quantized, write
from tinyforge.tflite.encoder import Node
from tinyforge.tflite.opcodes import OPERATOR_NUMBER, OPTIONS_UNION
from tinyforge.tflite.schema import ENUMS

# Layers: 0 CONV_2D, 1 MAX_POOL_2D, 2 RESHAPE, 3 FULLY_CONNECTED, 4 SOFTMAX.
# Tensors: 0 input, 1 weights, 2 bias, 3 convolved, 4 pooled, 5 shape, 6 flat, 7 weights, 8 bias,
# 9 dense, 10 output.
MODEL = models.classifier(0)
QUANT = "quantization"
TYPES = {name: number for number, name in enumerate(ENUMS["TensorType"])}
INFINITY = math.inf


def _refusal(data: bytes) -> str:
    """The message with which the model is refused, at the latest by require_quantized."""
    with pytest.raises(ForgeError) as caught:
        require_quantized(read(data))
    return str(caught.value)


def test_the_model_before_any_edit_is_good() -> None:
    assert edited(MODEL) == write(MODEL)
    require_quantized(read(edited(MODEL)))


# (BAD-INPUT, field, value, what the message must say)
FIELDS: list[tuple[str, str, Any, str]] = [
    ("schema version", "version", 2, "version 2"),
    ("schema version", "version", 4, "version 4"),
    (
        "tensor index",
        f"{OPERATOR}/1/inputs/0",
        9999,
        "index 9999 is out of range; the model has 11",
    ),
    ("tensor index", f"{OPERATOR}/1/inputs/0", -2, "index -2"),
    ("tensor index", f"{OPERATOR}/1/inputs/0", -1, "index -1"),
    ("tensor index", f"{OPERATOR}/0/inputs/2", -2, "index -2"),
    ("tensor index", f"{OPERATOR}/0/inputs/1", -1, "index -1"),
    ("tensor index", f"{OPERATOR}/1/outputs/0", 9999, "index 9999"),
    ("tensor index", f"{OPERATOR}/1/outputs/0", -1, "index -1"),
    ("tensor index", "subgraphs/0/inputs/0", 11, "index 11 is out of range"),
    ("tensor index", "subgraphs/0/outputs/0", -1, "index -1"),
    ("buffer index", f"{TENSOR}/1/buffer", 9999, "buffer index 9999"),
    ("buffer index", f"{TENSOR}/0/buffer", 2**32 - 1, "buffer index 4294967295"),
    ("opcode index", f"{OPERATOR}/3/opcode_index", 9999, "operator code index 9999"),
    ("opcode index", f"{OPERATOR}/3/opcode_index", 5, "operator code index 5 is out of range"),
    (
        "buffer length",
        "buffers/1/data",
        b"1234",
        "has 4 bytes; shape [4, 3, 3, 1] of INT8 needs 36",
    ),
    ("buffer length", f"{TENSOR}/1/shape/0", 5, "needs 45"),
    ("buffer length", f"{TENSOR}/1/type", TYPES["INT32"], "needs 144"),
    ("buffer length", f"{TENSOR}/10/buffer", 1, "softmax_4"),
    ("dimensions", f"{TENSOR}/3/shape/1", 0, "not positive"),
    ("dimensions", f"{TENSOR}/3/shape/1", -1, "not positive"),
    ("dimensions", f"{TENSOR}/3/shape/1", 2**31 - 1, "more than 2147483647 elements"),
    ("dimensions", f"{TENSOR}/3/shape", [65536, 65536], "more than 2147483647 elements"),
    ("dimensions", f"{TENSOR}/3/shape", [2**31 - 1] * 8, "more than 2147483647 elements"),
    ("dimensions", f"{TENSOR}/3/shape", [1] * 9, "rank 9"),
    ("dimensions", f"{TENSOR}/3/shape", [], "4 dimensions"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale/0", 0.0, "scale 0.0"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale/0", -0.5, "scale -0.5"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale/0", INFINITY, "scale inf"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale/0", math.nan, "scale nan"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale/0", 1e-40, "scale 9.99"),
    ("scale", f"{TENSOR}/1/{QUANT}/scale/3", 0.0, "tensor 1 'constant_1'"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale", [0.5, 0.5], "2 scales but 1 zero points"),
    ("scale", f"{TENSOR}/1/{QUANT}/scale", [0.5, 0.5, 0.5], "3 scales but 4 zero points"),
    ("scale", f"{TENSOR}/3/{QUANT}/scale", [], "0 scales but 1 zero points"),
    ("scale", f"{TENSOR}/3/{QUANT}", None, "'conv_2d_0' has no scale"),
    ("scale", f"{TENSOR}/1/{QUANT}/quantized_dimension", 4, "quantized dimension index 4"),
    ("scale", f"{TENSOR}/1/{QUANT}/quantized_dimension", -1, "quantized dimension index -1"),
    ("scale", f"{TENSOR}/1/{QUANT}/quantized_dimension", 3, "4 scales for 1 channels"),
    ("scale", f"{TENSOR}/2/{QUANT}/scale/1", 0.5, "does not have the scale of its input times"),
    ("scale", f"{TENSOR}/8/{QUANT}", None, "is a bias without a scale"),
    ("zero point", f"{TENSOR}/3/{QUANT}/zero_point/0", 128, "zero point 128 is outside INT8"),
    ("zero point", f"{TENSOR}/3/{QUANT}/zero_point/0", -129, "zero point -129"),
    ("zero point", f"{TENSOR}/3/{QUANT}/zero_point/0", 2**63 - 1, "zero point 92233720368547"),
    ("zero point", f"{TENSOR}/2/{QUANT}/zero_point/0", 1, "zero point 1 is outside INT32"),
    ("zero point", f"{TENSOR}/1/{QUANT}/zero_point/2", 1, "holds weights, but has a zero point"),
    ("scale", f"{TENSOR}/7/{QUANT}", None, "not int8: tensor 7 'constant_7' has no scale"),
    ("window", f"{OPERATOR}/0/builtin_options/stride_w", 0, "stride 1x0"),
    ("window", f"{OPERATOR}/0/builtin_options/stride_h", -1, "stride -1x1"),
    ("window", f"{OPERATOR}/0/builtin_options/dilation_w_factor", 0, "dilation 1x0"),
    ("window", f"{OPERATOR}/0/builtin_options/dilation_h_factor", 2**31 - 1, "layer 0 CONV_2D"),
    ("window", f"{OPERATOR}/1/builtin_options/stride_w", 0, "stride 2x0"),
    ("window", f"{OPERATOR}/1/builtin_options/filter_width", 0, "layer 1 MAX_POOL_2D"),
    ("window", f"{OPERATOR}/1/builtin_options/filter_height", -3, "layer 1 MAX_POOL_2D"),
    ("window", f"{OPERATOR}/1/builtin_options/padding", 2, "Pool2DOptions.padding is 2"),
    ("options", f"{OPERATOR}/0/builtin_options/fused_activation_function", 6, "is 6, not one of"),
    ("options", f"{OPERATOR}/0/builtin_options/fused_activation_function", -1, "is -1, not one of"),
    ("options", f"{OPERATOR}/0/builtin_options/fused_activation_function", 4, "activation 4"),
    ("options", f"{OPERATOR}/4/builtin_options/beta", math.nan, "beta is nan"),
    ("options", f"{OPERATOR}/4/builtin_options/beta", INFINITY, "beta is inf"),
    (
        "options",
        f"{OPERATOR}/0/builtin_options_type",
        5,
        "carries Pool2DOptions where Conv2DOptions",
    ),
    ("options", f"{OPERATOR}/0/builtin_options_type", 200, "carries options 200"),
    ("options", f"{OPERATOR}/0/builtin_options_type", 127, "carries options 127"),
    ("options", f"{OPERATOR}/0/builtin_options_2_type", 1, "the second options union"),
    ("dataflow", f"{OPERATOR}/1/inputs/0", 6, "tensor 6 'reshape_2' is read before it is written"),
    ("dataflow", f"{OPERATOR}/1/inputs/0", 4, "tensor 4 'max_pool_2d_1' is read before it is"),
    ("dataflow", "subgraphs/0/inputs/0", 6, "tensor 0 'input' is read before it is written"),
    ("dataflow", f"{OPERATOR}/1/outputs/0", 3, "'conv_2d_0' is written, but it is"),
    ("dataflow", f"{OPERATOR}/1/outputs/0", 0, "'input' is written, but it is"),
    ("dataflow", f"{OPERATOR}/1/outputs/0", 7, "'constant_7' is written, but it is"),
    ("dataflow", f"{OPERATOR}/1/outputs", [], "the operator has no output"),
    ("dataflow", f"{OPERATOR}/1/inputs", [], "needs 1 to 1 inputs"),
    ("dataflow", f"{OPERATOR}/0/inputs", [0], "layer 0 CONV_2D"),
    ("dataflow", OPERATOR, [], "no operators"),
    ("dataflow", "subgraphs", [], "the model has no graph"),
    ("dataflow", "subgraphs/0/inputs", [], "no input"),
    ("dataflow", "subgraphs/0/outputs", [], "no output"),
    ("dataflow", "subgraphs/0/inputs", [0, 0], "names an input twice"),
    ("dataflow", "subgraphs/0/outputs", [1], "written by no operator"),
    ("dataflow", "subgraphs/0/inputs", [0, 1], "an input of the model is a constant"),
    ("opcode", "operator_codes/1/builtin_code", 210, "layer 1 OPERATOR 210"),
    ("opcode", "operator_codes/1/builtin_code", OPERATOR_NUMBER["WHILE"], "layer 1 WHILE"),
    ("opcode", "operator_codes/1/builtin_code", OPERATOR_NUMBER["GELU"], "where GeluOptions"),
    ("not int8", f"{TENSOR}/3/type", TYPES["INT4"], "zero point 80 is outside INT4's [-8, 7]"),
    ("not int8", f"{TENSOR}/3/type", TYPES["BFLOAT16"], "elements are BFLOAT16"),
    ("not int8", f"{TENSOR}/3/type", TYPES["STRING"], "elements are STRING"),
    ("not int8", f"{TENSOR}/3/type", 23, "Tensor.type is 23"),
    ("not int8", f"{TENSOR}/3/type", TYPES["UINT8"], "quantized to uint8, as TensorFlow 1 did"),
    ("not int8", f"{TENSOR}/3/type", TYPES["INT16"], "is int16, but 'input' is int8"),
    ("not int8", f"{TENSOR}/0/type", TYPES["UINT8"], "zero point -128 is outside UINT8's [0, 255]"),
    ("not int8", f"{TENSOR}/1/sparsity", Node("Buffer", {}), "stored sparse"),
    ("not int8", f"{TENSOR}/1/{QUANT}/details_type", 2, "quantized by blocks"),
    ("not int8", f"{TENSOR}/1/{QUANT}/details", Node("Buffer", {}), "quantized by blocks"),
    ("not int8", f"{TENSOR}/3/is_variable", True, "keeps its value between inferences"),
    ("not int8", f"{TENSOR}/1/external_buffer", 1, "lie in another file"),
]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [case[1:] for case in FIELDS],
    ids=[f"{kind}: {path.split('/')[-1]}={value!s:.20}" for kind, path, value, _ in FIELDS],
)
def test_a_wrong_field_is_refused(path: str, value: Any, expected: str) -> None:
    assert expected in _refusal(edited(MODEL, (path, value)))


def test_opcodes_of_old_files_are_in_the_deprecated_field() -> None:
    codes = [("operator_codes/1/builtin_code", 0), ("operator_codes/3/builtin_code", -7)]
    assert read(edited(MODEL, *codes)).operators[1].op == "MAX_POOL_2D"
    assert write(read(edited(MODEL, *codes))) == write(MODEL)


def test_opcodes_beyond_one_byte_count_though_the_deprecated_field_holds_a_placeholder() -> None:
    data = edited(
        MODEL,
        ("operator_codes/1/deprecated_builtin_code", 127),
        ("operator_codes/1/builtin_code", OPERATOR_NUMBER["GELU"]),
        (f"{OPERATOR}/1/builtin_options_type", 0),
        (f"{OPERATOR}/1/builtin_options", None),
    )
    assert read(data).operators[1].op == "GELU"


def test_custom_operators_are_named() -> None:
    number = OPERATOR_NUMBER["CUSTOM"]
    data = edited(
        MODEL,
        ("operator_codes/1/deprecated_builtin_code", number),
        ("operator_codes/1/builtin_code", number),
        ("operator_codes/1/custom_code", "TFLite_Detection\n"),
    )
    assert r"layer 1 CUSTOM 'TFLite_Detection\n'" in _refusal(data)


def test_options_left_out_are_the_tables_defaults() -> None:
    data = edited(
        MODEL,
        (f"{OPERATOR}/0/builtin_options_type", 0),
        (f"{OPERATOR}/0/builtin_options", None),
    )
    options = read(data).operators[0].options
    assert options["dilation_w_factor"] == 1
    assert options["stride_w"] == 0
    assert options.keys() == MODEL.operators[0].options.keys()
    assert "stride 0x0" in _refusal(data)


def test_options_of_a_union_without_its_table_are_the_defaults() -> None:
    data = edited(MODEL, (f"{OPERATOR}/1/builtin_options", None))
    assert read(data).operators[1].options["filter_width"] == 0


def test_options_whose_union_says_none_are_the_defaults() -> None:
    data = edited(MODEL, (f"{OPERATOR}/1/builtin_options_type", 0))
    assert read(data).operators[1].options["filter_width"] == 0


def test_operators_without_a_table_must_carry_none() -> None:
    graph = models.single("LOGISTIC", 0)
    data = edited(
        graph,
        (f"{OPERATOR}/0/builtin_options_type", OPTIONS_UNION.index("PadOptions")),
        (f"{OPERATOR}/0/builtin_options", Node("PadOptions", {})),
    )
    assert "carries PadOptions where nothing belongs" in _refusal(data)


@pytest.mark.parametrize(
    ("offset", "size"),
    [(2**64 - 8, 16), (2**63, 2**63), (8, 2**64 - 8), (100_000, 36), (0, 10_000)],
)
def test_buffers_outside_the_flatbuffer_end_within_the_file(offset: int, size: int) -> None:
    edits = [("data", b""), ("offset", offset), ("size", size)]
    data = edited(MODEL, *((f"buffers/1/{field}", value) for field, value in edits))
    assert f"a buffer of {size} bytes at offset {offset} does not fit" in _refusal(data)


def test_buffers_may_lie_behind_the_flatbuffer() -> None:
    weights = MODEL.tensors[1].data
    assert weights is not None
    edits = [("data", b""), ("offset", 1 << 40), ("size", weights.nbytes)]
    paths = [(f"buffers/1/{field}", value) for field, value in edits]
    length = len(edited(MODEL, *paths))
    paths[1] = ("buffers/1/offset", length)
    graph = read(edited(MODEL, *paths) + weights.tobytes())
    assert write(graph) == write(MODEL)
    both = [("buffers/1/data", b"1"), ("buffers/1/offset", 8), ("buffers/1/size", 8)]
    assert "a buffer of 8 bytes at offset 8 does not fit" in _refusal(edited(MODEL, *both))


def test_more_than_one_subgraph_is_refused() -> None:
    empty = Node("SubGraph", {"name": "then"})
    (main,) = tree(MODEL).fields["subgraphs"]
    assert "2 graphs ('main', 'then')" in _refusal(edited(MODEL, ("subgraphs", [main, empty])))


def test_a_cycle_is_read_before_it_is_written() -> None:
    data = edited(MODEL, (f"{OPERATOR}/0/inputs/0", 4), ("subgraphs/0/inputs/0", 0))
    assert "tensor 4 'max_pool_2d_1' is read before it is written" in _refusal(data)


def test_operators_out_of_order_are_refused() -> None:
    operators = tree(MODEL).fields["subgraphs"][0].fields["operators"]
    swapped = [operators[1], operators[0], *operators[2:]]
    assert "is read before it is written" in _refusal(edited(MODEL, (OPERATOR, swapped)))


def test_unused_tensors_and_operator_codes_are_tolerated() -> None:
    root = tree(MODEL)
    codes = [*root.fields["operator_codes"], Node("OperatorCode", {"builtin_code": 114})]
    tensors = root.fields["subgraphs"][0].fields["tensors"]
    unused = Node("Tensor", {"shape": [3], "type": TYPES["FLOAT32"], "name": "unused"})
    data = edited(MODEL, ("operator_codes", codes), (TENSOR, [*tensors, unused]))
    require_quantized(read(data))
    assert len(read(data).tensors) == len(MODEL.tensors) + 1


def test_a_dynamic_dimension_in_the_signature_is_tolerated() -> None:
    require_quantized(read(edited(MODEL, (f"{TENSOR}/0/shape_signature", [-1, 8, 8, 1]))))


def test_the_largest_shape_and_the_smallest_scale_pass() -> None:
    shape, scale = (2**31 - 1,), float(np.finfo(np.float32).tiny)
    assert read(edited(MODEL, (f"{TENSOR}/3/shape", list(shape)))).tensors[3].shape == shape
    quant = read(edited(MODEL, (f"{TENSOR}/3/{QUANT}/scale/0", scale))).tensors[3].quant
    assert quant == Quant((scale,), (80,))


def test_a_range_without_scales_is_no_quantization() -> None:
    """Converters leave minimum and maximum on tensors of float models."""
    unused = Node("QuantizationParameters", {"min": [-1.0], "max": [1.0]})
    assert read(edited(MODEL, (f"{TENSOR}/5/{QUANT}", unused))).tensors[5].quant is None


def test_scales_on_a_float_tensor_are_refused() -> None:
    assert "a FLOAT32 tensor has scales" in _refusal(
        edited(MODEL, (f"{TENSOR}/3/type", TYPES["FLOAT32"]))
    )


def test_a_scalar_is_a_tensor_like_any_other() -> None:
    spec = TensorSpec((), 0.1, 3)
    graph = single_op("RELU", inputs=[spec], output=spec)
    require_quantized(read(write(graph)))
    assert read(write(graph)).tensors[0].shape == ()


def _with_tensor(graph: Graph, index: int, **changes: Any) -> Graph:
    tensors = list(graph.tensors)
    tensors[index] = dataclasses.replace(tensors[index], **changes)
    return dataclasses.replace(graph, tensors=tuple(tensors))


def test_float_models_are_read_and_not_int8() -> None:
    graph = MODEL
    for tensor in MODEL.tensors:
        if tensor.dtype is not DType.INT32 or tensor.quant:
            data = None if tensor.data is None else tensor.data.astype(np.float32)
            changes = {"dtype": DType.FLOAT32, "quant": None, "data": data}
            graph = _with_tensor(graph, tensor.index, **changes)
    assert read(write(graph)).tensors[1].dtype is DType.FLOAT32
    assert "is not quantized: it computes in float32" in _refusal(write(graph))


@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.FLOAT16, DType.UINT8])
def test_weights_of_another_type_are_not_int8(dtype: DType) -> None:
    """Hybrid, half-float and old uint8 models."""
    weights = MODEL.tensors[7].data
    assert weights is not None
    values = weights.astype(dtype.numpy)
    quant = MODEL.tensors[7].quant if dtype is DType.UINT8 else None
    data = write(_with_tensor(MODEL, 7, dtype=dtype, data=values, quant=quant))
    assert f"not int8: tensor 7 'constant_7' is {dtype.name}" in _refusal(data)


def test_a_float_operand_of_an_int8_operator_is_not_int8() -> None:
    spec = TensorSpec((1, 4), 0.5)
    floats = Constant(np.ones((1, 4), np.float32))
    graph = single_op("ADD", inputs=[spec, floats], output=spec)
    assert "not int8: tensor 1 'constant_1' is FLOAT32" in _refusal(write(graph))


def test_a_computed_parameter_is_refused() -> None:
    """A shape that the model computes, as dynamic batches do, instead of a constant one."""
    graph = _with_tensor(MODEL, 5, data=None)
    graph = dataclasses.replace(graph, inputs=(0, 5))
    assert "RESHAPE needs constant shape: tensor 'constant_5'" in _refusal(write(graph))


def test_16x8_models_are_as_the_interpreter_wants_them() -> None:
    graph = MODEL
    for index in (0, 3, 4, 6, 9, 10):
        quant = Quant(graph.tensors[index].quant.scale, (0,))  # type: ignore[union-attr]
        graph = _with_tensor(graph, index, dtype=DType.INT16, quant=quant)
    assert "SOFTMAX of int16 needs output scale 1/32768" in _refusal(write(graph))


def test_a_bias_of_another_type_is_not_int8() -> None:
    bias = MODEL.tensors[8].data
    assert bias is not None
    data = write(_with_tensor(MODEL, 8, dtype=DType.INT64, data=bias.astype(np.int64)))
    assert "bias 'constant_8' is int64 [3], expected int32 [3]" in _refusal(data)


def test_weights_along_the_wrong_dimension_are_refused() -> None:
    square = Constant(np.ones((4, 4), np.int8), Quant((0.5,) * 4, (0,) * 4, axis=1))
    spec = TensorSpec((1, 4), 0.5)
    graph = single_op("FULLY_CONNECTED", inputs=[spec, square, None], output=spec)
    assert "quantized along dimension 1, not 0" in _refusal(write(graph))


def test_scales_on_an_activation_are_refused() -> None:
    data = write(_with_tensor(MODEL, 3, quant=Quant((0.5,) * 4, (0,) * 4, axis=3)))
    assert "has 4 scales; only weights may" in _refusal(data)


def test_a_depth_multiplier_must_match() -> None:
    graph = models.single("DEPTHWISE_CONV_2D", 1)
    for value in (0, -1, 9):
        data = edited(graph, (f"{OPERATOR}/0/builtin_options/depth_multiplier", value))
        assert f"depth multiplier {value}" in _refusal(data)


def test_a_depthwise_bias_may_be_absent_but_not_left_out() -> None:
    """TFLM runs it with two inputs. With three, the last of them -1, it frees what it never had."""
    graph = models.single("DEPTHWISE_CONV_2D", 1)
    assert "crashes on a depthwise bias" in _refusal(
        edited(graph, (f"{OPERATOR}/0/inputs", [0, 1, -1]))
    )
    require_quantized(read(edited(graph, (f"{OPERATOR}/0/inputs", [0, 1]))))
