"""Options of custom operators: what flatbuffers' own package writes is read, and what we write is
read by it; other bytes are refused."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from tinyforge.errors import ForgeError
from tinyforge.tflite import flexbuffer

OPTIONS = {
    "max_detections": 10,
    "use_regular_nms": False,
    "nms_score_threshold": 1e-8,
    "y_scale": 10.0,
    "num_classes": 90,
    "negative": -70000,
    "long": 1 << 40,
}


def test_what_others_write_is_read() -> None:
    builder = flexbuffers.Builder()
    with builder.Map():
        for name, value in OPTIONS.items():
            builder.Key(name)
            builder.Add(value)
    assert flexbuffer.read(bytes(builder.Finish()), "layer 1") == OPTIONS


def test_narrow_and_indirect_values_are_read() -> None:
    builder = flexbuffers.Builder()
    with builder.Map():
        builder.Int("int", 5)
        builder.UInt("uint", 200)
        builder.IndirectInt("indirect", -5)
        builder.IndirectFloat("far", 0.5)
        builder.Float("float", 0.25, 4)
    expected = {"int": 5, "uint": 200, "indirect": -5, "far": 0.5, "float": 0.25}
    assert flexbuffer.read(bytes(builder.Finish()), "layer 1") == expected


def test_what_is_written_is_read_by_others() -> None:
    options = {name: value for name, value in OPTIONS.items() if name != "long"}
    data = flexbuffer.write(options)
    single = {
        k: float(np.float32(v)) if isinstance(v, float) else v for k, v in sorted(options.items())
    }
    assert flexbuffers.Loads(data) == single
    assert flexbuffer.read(data, "layer 1") == single


@pytest.mark.parametrize(
    "data", [b"", b"\0\0", b"abcdef", flexbuffers.Dumps([1, 2]), flexbuffers.Dumps({"a": "text"})]
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ForgeError, match="no map of numbers") as error:
        flexbuffer.read(bytes(data), "layer 1")
    assert "layer 1" in str(error.value)


def test_no_byte_of_a_map_makes_it_anything_but_read_or_refused() -> None:
    data = flexbuffer.write({"max_detections": 10, "y_scale": 10.0})
    for position in range(len(data)):
        for value in (0, 1, 3, 37, 127, 128, 255):
            changed = bytearray(data)
            changed[position] = value
            try:
                flexbuffer.read(bytes(changed), "layer 1")
            except ForgeError:
                continue
