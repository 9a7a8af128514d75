"""The parts of TensorFlow Lite's schema, version 3, that tinyforge reads and writes.

A table is one line of fields in slot order: `name:type` or `name:type=default`, with the schema's
own names. A type is a scalar (byte, ubyte, int, uint, long, ulong, float, bool), `string`, an enum
of ENUMS (one byte), a table of TABLES, `table` (one of which only the presence matters), or a
vector of any of these in brackets. `-` is a slot that the schema has given up.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs. tests/tflite/test_schema.py compares every
line with the code that flatc generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

IDENTIFIER = b"TFL3"
VERSION = 3

# The names of metadata that are read and written again. Converters' own notes are left out.
KEPT_METADATA = ("tinyforge",)


@dataclass(frozen=True)
class Field:
    """One field of a table. default is what an absent scalar reads as."""

    name: str
    type: str
    slot: int
    default: int | float | bool


Table = Mapping[str, Field]

ENUMS: Mapping[str, tuple[str, ...]] = {
    "TensorType": (
        *("FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "STRING", "BOOL", "INT16"),
        *("COMPLEX64", "INT8", "FLOAT64", "COMPLEX128", "UINT64", "RESOURCE", "VARIANT"),
        *("UINT32", "UINT16", "INT4", "BFLOAT16", "INT2", "UINT4", "FLOAT8_E4M3FN", "FLOAT8_E5M2"),
    ),
    "Padding": ("SAME", "VALID"),
    "ActivationFunctionType": ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"),
    "FullyConnectedOptionsWeightsFormat": ("DEFAULT", "SHUFFLED4x16INT8"),
    "MirrorPadMode": ("REFLECT", "SYMMETRIC"),
}

_STRUCTURE = {
    "Model": "version:uint operator_codes:[OperatorCode] subgraphs:[SubGraph] description:string"
    " buffers:[Buffer] metadata_buffer:[int] metadata:[Metadata]",
    "OperatorCode": "deprecated_builtin_code:byte custom_code:string version:int=1"
    " builtin_code:int",
    "SubGraph": "tensors:[Tensor] inputs:[int] outputs:[int] operators:[Operator] name:string",
    "Tensor": "shape:[int] type:TensorType buffer:uint name:string"
    " quantization:QuantizationParameters is_variable:bool sparsity:table shape_signature:[int]"
    " has_rank:bool variant_tensors:[table] external_buffer:uint",
    "QuantizationParameters": "min:[float] max:[float] scale:[float] zero_point:[long]"
    " details_type:ubyte details:table quantized_dimension:int",
    "Operator": "opcode_index:uint inputs:[int] outputs:[int] builtin_options_type:ubyte"
    " builtin_options:table custom_options:[ubyte] custom_options_format:byte"
    " mutating_variable_inputs:[bool] intermediates:[int] large_custom_options_offset:ulong"
    " large_custom_options_size:ulong builtin_options_2_type:ubyte builtin_options_2:table",
    "Buffer": "data:[ubyte] offset:ulong size:ulong",
    "Metadata": "name:string buffer:uint",
}

# Of the metadata library: metadata_schema.fbs of TensorFlow Lite Support. What is not
# read here is given up.
_TASK_METADATA = {
    "ModelMetadata": "- - - subgraph_metadata:[SubGraphMetadata]",
    "SubGraphMetadata": "- - input_tensor_metadata:[TensorMetadata]"
    " output_tensor_metadata:[TensorMetadata]",
    "TensorMetadata": "- - - - process_units:[ProcessUnit] - associated_files:[AssociatedFile]",
    "ProcessUnit": "options_type:ubyte options:NormalizationOptions",
    "NormalizationOptions": "mean:[float] std:[float]",
    "AssociatedFile": "name:string - type:byte",
}

_ACTIVATION = "fused_activation_function:ActivationFunctionType"
_WINDOW = "padding:Padding stride_w:int stride_h:int"
_DILATION = "dilation_w_factor:int=1 dilation_h_factor:int=1"

_OPTIONS = {
    "AbsOptions": "",
    "AddNOptions": "",
    "AddOptions": f"{_ACTIVATION} pot_scale_int16:bool=1",
    "ArgMaxOptions": "output_type:TensorType",
    "ArgMinOptions": "output_type:TensorType",
    "AssignVariableOptions": "",
    "BatchMatMulOptions": "adj_x:bool adj_y:bool asymmetric_quantize_inputs:bool",
    "BatchToSpaceNDOptions": "",
    "BroadcastToOptions": "",
    "CallOnceOptions": "init_subgraph_index:int",
    "CastOptions": "in_data_type:TensorType out_data_type:TensorType",
    "ConcatenationOptions": f"axis:int {_ACTIVATION}",
    "Conv2DOptions": f"{_WINDOW} {_ACTIVATION} {_DILATION} quantized_bias_type:TensorType",
    "CosOptions": "",
    "CumsumOptions": "exclusive:bool reverse:bool",
    "DepthToSpaceOptions": "block_size:int",
    "DepthwiseConv2DOptions": f"{_WINDOW} depth_multiplier:int {_ACTIVATION} {_DILATION}",
    "DequantizeOptions": "",
    "DivOptions": _ACTIVATION,
    "DynamicUpdateSliceOptions": "",
    "EqualOptions": "",
    "ExpOptions": "",
    "ExpandDimsOptions": "",
    "FillOptions": "",
    "FloorDivOptions": "",
    "FloorModOptions": "",
    "FullyConnectedOptions": f"{_ACTIVATION} weights_format:FullyConnectedOptionsWeightsFormat"
    " keep_num_dims:bool asymmetric_quantize_inputs:bool quantized_bias_type:TensorType"
    " quant_spec:[ubyte]",
    "GatherNdOptions": "",
    "GatherOptions": "axis:int batch_dims:int",
    "GeluOptions": "approximate:bool",
    "GreaterEqualOptions": "",
    "GreaterOptions": "",
    "HardSwishOptions": "",
    "L2NormOptions": _ACTIVATION,
    "LeakyReluOptions": "alpha:float",
    "LessEqualOptions": "",
    "LessOptions": "",
    "LocalResponseNormalizationOptions": "radius:int bias:float alpha:float beta:float",
    "LogSoftmaxOptions": "",
    "LogicalAndOptions": "",
    "LogicalNotOptions": "",
    "LogicalOrOptions": "",
    "MaximumMinimumOptions": "",
    "MirrorPadOptions": "mode:MirrorPadMode",
    "MulOptions": _ACTIVATION,
    "NegOptions": "",
    "NotEqualOptions": "",
    "PackOptions": "values_count:int axis:int",
    "PadOptions": "",
    "PadV2Options": "",
    "Pool2DOptions": f"{_WINDOW} filter_width:int filter_height:int {_ACTIVATION}",
    "PowOptions": "",
    "QuantizeOptions": "",
    "RangeOptions": "",
    "RankOptions": "",
    "ReadVariableOptions": "",
    "ReducerOptions": "keep_dims:bool",
    "ReshapeOptions": "new_shape:[int]",
    "ResizeBilinearOptions": "- - align_corners:bool half_pixel_centers:bool",
    "ResizeNearestNeighborOptions": "align_corners:bool half_pixel_centers:bool",
    "ReverseV2Options": "",
    "SVDFOptions": f"rank:int {_ACTIVATION} asymmetric_quantize_inputs:bool",
    "SelectOptions": "",
    "SelectV2Options": "",
    "ShapeOptions": "out_type:TensorType",
    "SignOptions": "",
    "SliceOptions": "",
    "SoftmaxOptions": "beta:float",
    "SpaceToBatchNDOptions": "",
    "SpaceToDepthOptions": "block_size:int",
    "SplitOptions": "num_splits:int",
    "SplitVOptions": "num_splits:int",
    "SquareOptions": "",
    "SquaredDifferenceOptions": "",
    "SqueezeOptions": "squeeze_dims:[int]",
    "StridedSliceOptions": "begin_mask:int end_mask:int ellipsis_mask:int new_axis_mask:int"
    " shrink_axis_mask:int offset:bool",
    "SubOptions": f"{_ACTIVATION} pot_scale_int16:bool=1",
    "TileOptions": "",
    "TopKV2Options": "",
    "TransposeConvOptions": f"{_WINDOW} {_ACTIVATION} quantized_bias_type:TensorType",
    "TransposeOptions": "",
    "UnidirectionalSequenceLSTMOptions": f"{_ACTIVATION} cell_clip:float proj_clip:float"
    " time_major:bool asymmetric_quantize_inputs:bool diagonal_recurrent_tensors:bool",
    "UnpackOptions": "num:int axis:int",
    "VarHandleOptions": "container:string shared_name:string",
    "WhereOptions": "",
    "ZerosLikeOptions": "",
}


def _table(line: str) -> Table:
    fields: dict[str, Field] = {}
    for slot, text in enumerate(line.split()):
        name, _, rest = text.partition(":")
        kind, _, default = rest.partition("=")
        if kind == "bool":
            fields[name] = Field(name, kind, slot, default == "1")
        elif kind == "float":
            fields[name] = Field(name, kind, slot, float(default or 0))
        elif name != "-":
            fields[name] = Field(name, kind, slot, int(default or 0))
    return fields


TABLES: Mapping[str, Table] = {name: _table(line) for name, line in (_STRUCTURE | _OPTIONS).items()}
TASK_TABLES: Mapping[str, Table] = {name: _table(line) for name, line in _TASK_METADATA.items()}
