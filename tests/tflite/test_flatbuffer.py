"""The bounds checks, one by one, on flatbuffers assembled by hand."""

import struct
import time

import pytest

from tinyforge.errors import ForgeError
from tinyforge.tflite import flatbuffer
from tinyforge.tflite.flatbuffer import BUDGET, TABLE_COST

# A Model at byte 22 with its vtable of five slots at byte 8: version and buffers are there.
#   0 root offset, identifier
#   8 vtable: size 14, table size 12, slots: version at 4, -, -, -, buffers at 8
#  22 table: distance to the vtable, version, offset of buffers
#  34 buffers: count, offsets
HEADER = struct.pack("<I4s", 22, b"TFL3")
VTABLE = struct.pack("<7H", 14, 12, 4, 0, 0, 0, 8)
TABLE = struct.pack("<iII", 14, 3, 4)
MODEL = HEADER + VTABLE + TABLE + struct.pack("<I", 0)


def _replaced(at: int, form: str, value: int) -> bytes:
    """MODEL with one number changed."""
    data = bytearray(MODEL)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def _read(data: bytes) -> None:
    model = flatbuffer.model(data, "m")
    assert model.integer("version") == 3
    assert model.tables("buffers") == []


def test_the_model_before_any_change_is_good() -> None:
    _read(MODEL)


def test_alignment_does_not_matter() -> None:
    for shift in range(1, 9):
        root = struct.pack("<I4s", 22 + shift, b"TFL3")
        _read(root + bytes(shift) + MODEL[8:])


@pytest.mark.parametrize(
    ("at", "form", "value", "message"),
    [
        (0, "<I", 2**32 - 1, "Model of 4 bytes does not fit"),
        (0, "<I", 35, "Model of 4 bytes does not fit"),
        (22, "<i", 2**31 - 1, "the vtable of Model of 2 bytes does not fit"),
        (22, "<i", -(2**31), "the vtable of Model of 2 bytes does not fit"),
        (22, "<i", 23, "the vtable of Model of 2 bytes does not fit"),
        (22, "<i", -15, "the vtable of Model of 2 bytes does not fit"),
        (8, "<H", 2, "Model has a vtable of 2 bytes"),
        (8, "<H", 15, "Model has a vtable of 15 bytes"),
        (8, "<H", 32, "the vtable of Model of 32 bytes does not fit"),
        (10, "<H", 3, "Model has 3 bytes"),
        (10, "<H", 17, "Model of 17 bytes does not fit"),
        (12, "<H", 3, "Model.version lies outside its table"),
        (12, "<H", 9, "Model.version lies outside its table"),
        (20, "<H", 12, "Model.buffers lies outside its table"),
        (30, "<I", 5, "Model.buffers of 4 bytes does not fit"),
        (30, "<I", 2**32 - 1, "Model.buffers of 4 bytes does not fit"),
        (34, "<I", 1, "Model.buffers of 4 bytes does not fit"),
        (34, "<I", 2**32 - 1, "Model.buffers of 17179869180 bytes does not fit"),
    ],
)
def test_each_bound_is_checked(at: int, form: str, value: int, message: str) -> None:
    with pytest.raises(ForgeError) as caught:
        _read(_replaced(at, form, value))
    assert message in caught.value.what
    assert caught.value.where.startswith("m, byte ")


def test_slots_that_the_vtable_lacks_are_absent() -> None:
    model = flatbuffer.model(_replaced(8, "<H", 6), "m")
    assert model.integer("version") == 3
    assert not model.has("buffers")
    assert model.tables("buffers") == []


def _shared(elements: int, vtable: bytes, table: bytes) -> bytes:
    """MODEL with a vector whose elements all lead to the same table behind it."""
    end = 38 + 4 * elements + len(vtable)
    offsets = (struct.pack("<I", end - (38 + 4 * i)) for i in range(elements))
    return MODEL[:34] + struct.pack("<I", elements) + b"".join(offsets) + vtable + table


# A Buffer table with a vtable of one slot before it: data at 4, an empty vector behind.
BUFFER_VTABLE = struct.pack("<3H", 6, 8, 4)
BUFFER = struct.pack("<iII", 6, 4, 0)


def test_shared_tables_are_read() -> None:
    tables = flatbuffer.model(_shared(100, BUFFER_VTABLE, BUFFER), "m").tables("buffers")
    assert [table.blob("data") for table in tables] == [tables[0].blob("data")] * 100


def test_too_many_shared_tables_are_refused_at_once() -> None:
    data = _shared(BUDGET // TABLE_COST, BUFFER_VTABLE, BUFFER)
    start = time.perf_counter()
    with pytest.raises(ForgeError, match=r"Model\.buffers has 131072 elements"):
        flatbuffer.model(data, "m").tables("buffers")
    assert time.perf_counter() - start < 0.1


def test_shared_text_is_charged_each_time() -> None:
    """A megabyte of text in a hundred places would be a hundred megabytes."""
    length = 1 << 20
    model = HEADER + struct.pack("<7H", 14, 12, 4, 0, 0, 8, 0) + TABLE
    text = model + struct.pack("<I", length) + b"x" * length
    table = flatbuffer.model(text, "m")
    with pytest.raises(ForgeError, match="describes more than"):
        for _ in range(BUDGET // length + 1):
            assert len(table.string("description")) == length


def test_shared_numbers_are_charged_each_time() -> None:
    """A SubGraph whose inputs, the vector behind it, are four megabytes."""
    count = 1 << 20
    vtable, subgraph = struct.pack("<4H", 8, 8, 0, 4), struct.pack("<iII", 8, 4, count)
    data = bytearray(_shared(1, vtable, subgraph) + bytes(4 * count))
    struct.pack_into("<2H", data, 16, 8, 0)  # slot 2, subgraphs, in place of slot 4
    struct.pack_into("<H", data, 20, 0)
    (table,) = flatbuffer.model(bytes(data), "m").tables("subgraphs")
    with pytest.raises(ForgeError, match="describes more than"):
        for _ in range(BUDGET // (4 * count) + 1):
            assert table.numbers("inputs").size == count


def test_text_that_is_not_utf8_is_still_text() -> None:
    model = HEADER + struct.pack("<7H", 14, 12, 4, 0, 0, 8, 0) + TABLE
    data = model + struct.pack("<I", 3) + b"a\xff\xfe"
    assert flatbuffer.model(data, "m").string("description") == "a\ufffd\ufffd"


@pytest.mark.parametrize("count", [4, 7, 2**32 - 1])
def test_a_vector_ends_within_the_file(count: int) -> None:
    model = HEADER + struct.pack("<7H", 14, 12, 4, 0, 0, 8, 0) + TABLE
    data = model + struct.pack("<I", count) + b"abc"
    with pytest.raises(ForgeError, match=f"Model.description of {count} bytes does not fit"):
        flatbuffer.model(data, "m").string("description")
