"""The schema and the enums, field by field, against the code that flatc generated from it."""

import re
from collections.abc import Callable
from types import ModuleType

import pytest

from tinyforge.graph.types import DType
from tinyforge.tflite.opcodes import OPERATORS, OPTIONS_TABLE, OPTIONS_UNION, PLACEHOLDER
from tinyforge.tflite.schema import ENUMS, IDENTIFIER, TABLES, Field


@pytest.fixture(scope="module")
def generated() -> ModuleType:
    module: ModuleType = pytest.importorskip(
        "tflite_micro.tensorflow.lite.micro.python.schema_py_generated"
    )
    return module


def _members(enum: type) -> dict[str, int]:
    return {name: value for name, value in vars(enum).items() if not name.startswith("_")}


def _camel(name: str) -> str:
    """builtin_options_2_type is BuiltinOptions2Type in generated Python."""
    return "".join(part[0].upper() + part[1:] for part in name.split("_"))


class _Recorder:
    """Stands for a flatbuffers.Builder: records the call that an Add function makes."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[int, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.append((name, arguments))


# The Builder method by which generated code writes a field of each type.
_METHODS = {
    "bool": "PrependBoolSlot",
    "byte": "PrependInt8Slot",
    "ubyte": "PrependUint8Slot",
    "int": "PrependInt32Slot",
    "uint": "PrependUint32Slot",
    "long": "PrependInt64Slot",
    "ulong": "PrependUint64Slot",
    "float": "PrependFloat32Slot",
    **dict.fromkeys(ENUMS, "PrependInt8Slot"),
}


@pytest.mark.parametrize("name", TABLES)
def test_fields_have_the_slots_types_and_defaults_of_the_schema(
    generated: ModuleType, name: str
) -> None:
    fields = TABLES[name]
    adders = {
        attribute.removeprefix(f"{name}Add")
        for attribute in vars(generated)
        if attribute.startswith(f"{name}Add")
    }
    if "Options" in name:
        assert {_camel(field) for field in fields} == adders
    for field in fields.values():
        recorder = _Recorder()
        getattr(generated, f"{name}Add{_camel(field.name)}")(recorder, 1)
        ((method, arguments),) = recorder.calls
        slot, _, default = arguments
        assert (slot, default) == (field.slot, field.default), field.name
        assert method == _METHODS.get(field.type, "PrependUOffsetTRelativeSlot"), field.name


@pytest.mark.parametrize(
    ("table", "field"),
    [(name, f) for name, t in TABLES.items() for f in t.values() if f.type.startswith("[")],
    ids=lambda value: value.name if isinstance(value, Field) else value,
)
def test_vectors_have_the_element_size_of_the_schema(
    generated: ModuleType, table: str, field: Field
) -> None:
    recorder = _Recorder()
    getattr(generated, f"{table}Start{_camel(field.name)}Vector")(recorder, 1)
    ((_, (size, _, alignment)),) = recorder.calls
    sizes = {"[bool]": 1, "[ubyte]": 1, "[int]": 4, "[long]": 8, "[float]": 4}
    assert size == alignment == sizes.get(field.type, 4)


def test_operators_have_their_numbers(generated: ModuleType) -> None:
    assert dict(zip(OPERATORS, range(1000), strict=False)) == _members(generated.BuiltinOperator)
    assert OPERATORS[PLACEHOLDER] == "PLACEHOLDER_FOR_GREATER_OP_CODES"


def test_options_have_their_numbers_in_the_union(generated: ModuleType) -> None:
    union = dict(zip(OPTIONS_UNION, range(1000), strict=False))
    assert union == _members(generated.BuiltinOptions)


@pytest.mark.parametrize("name", ENUMS)
def test_enums_have_their_numbers(generated: ModuleType, name: str) -> None:
    assert dict(zip(ENUMS[name], range(1000), strict=False)) == _members(getattr(generated, name))


def test_dtypes_are_the_schemas_tensor_types() -> None:
    assert {d.name: d.value for d in DType}.items() <= {
        name: number for number, name in enumerate(ENUMS["TensorType"])
    }.items()


def test_identifier_is_the_schemas(generated: ModuleType) -> None:
    header = b"\0\0\0\0" + IDENTIFIER
    assert generated.Model.ModelBufferHasIdentifier(header, 0)


def test_every_table_in_use_is_declared() -> None:
    used = {table for table in OPTIONS_TABLE.values() if table}
    assert used == {name for name in TABLES if "Options" in name}
    assert used <= set(OPTIONS_UNION)
    assert OPTIONS_TABLE.keys() <= set(OPERATORS)
    structure = {re.sub(r"[\[\]]", "", f.type) for t in TABLES.values() for f in t.values()}
    scalars = {*_METHODS, "string", "table"}
    assert structure - scalars <= TABLES.keys()
