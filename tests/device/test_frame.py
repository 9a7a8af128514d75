"""Frames in both languages: published check values, the same vectors, the same verdicts."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.firmware import sanitized
from tinyforge.device.frame import PAYLOAD_MAX, Reader, encode
from tinyforge.resources import folder

LINK = folder("firmware") / "link"

# Payload, frame. The CRC of "123456789" is the check value that catalogues of CRCs give for
# CRC-32/ISO-HDLC, 0xCBF43926; the others were computed by gzip. COBS was done by hand.
VECTORS = [
    (b"123456789", bytes.fromhex("00 0e 313233343536373839 2639f4cb 00")),
    (b"\x00", bytes.fromhex("00 01 05 8def02d2 00")),
    (b"a\x00b\x00", bytes.fromhex("00 02 61 02 62 05 5f4615f5 00")),
]
payloads = st.binary(min_size=1, max_size=PAYLOAD_MAX)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """frames.c and forge_frame.c under the sanitizers."""
    sources = [Path(__file__).parent / "board" / "frames.c", LINK / "forge_frame.c"]
    return sanitized.build(sources, tmp_path_factory.mktemp("frames") / "frames", [LINK])


def in_c(program: Path, line: bytes) -> list[bytes]:
    """The payloads that the firmware's reader finds."""
    data = sanitized.run(program, b"d" + line).stdout
    found = []
    while data:
        found.append(data[1 : data[0] + 1])
        data = data[data[0] + 1 :]
    return found


def in_python(line: bytes, pieces: Sequence[int] = ()) -> list[bytes]:
    """The same by ours, fed in pieces that end at these positions."""
    reader, found = Reader(), []
    for start, end in zip([0, *pieces], [*pieces, len(line)], strict=True):
        found += reader.feed(line[start:end])
    return found


@pytest.mark.parametrize(("payload", "frame"), VECTORS)
def test_vectors(payload: bytes, frame: bytes, program: Path) -> None:
    assert encode(payload) == frame
    assert sanitized.run(program, b"e" + bytes([len(payload)]) + payload).stdout == frame
    assert in_python(frame) == in_c(program, frame) == [payload]


@given(payloads)
def test_a_frame_reads_back_and_holds_no_border(payload: bytes) -> None:
    frame = encode(payload)
    assert 0 not in frame[1:-1]
    assert len(frame) <= len(payload) + 7
    assert in_python(frame) == [payload]


@given(st.lists(payloads, max_size=4), st.binary(max_size=600), st.data())
def test_whatever_came_before_and_however_it_is_cut(
    sent: list[bytes], noise: bytes, data: st.DataObject
) -> None:
    """Frames after noise are all found; noise alone makes none but by a one in 2**32 chance."""
    line = noise + b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=5)))
    assert in_python(line, cuts) == sent


@given(payloads, st.data())
def test_no_changed_byte_goes_unnoticed(payload: bytes, data: st.DataObject) -> None:
    """A changed length byte moves others; that too shows, but by a one in 2**32 chance."""
    frame = bytearray(encode(payload))
    place = data.draw(st.integers(1, len(frame) - 2))
    frame[place] ^= data.draw(st.integers(1, 255))
    assert in_python(bytes(frame)) == []


def test_what_is_no_frame_though_its_crc_is_right(program: Path) -> None:
    """None with an empty payload, none that is too long, none with a byte behind it."""
    empty = bytes.fromhex("00 01 01 01 01 01 00")
    payload = b"x" * (PAYLOAD_MAX + 1)
    checked = payload + zlib.crc32(payload).to_bytes(4, "little")
    assert 0 not in checked
    too_long = b"\0" + bytes([len(checked) + 1]) + checked + b"\0"
    more = encode(b"x" * PAYLOAD_MAX)[:-1] + b"\x01\0"
    for line in (empty, too_long, more):
        assert in_python(line) == in_c(program, line) == []


def test_the_reader_holds_no_more_than_a_frame() -> None:
    reader = Reader()
    for _ in range(100):
        assert reader.feed(b"\x01" * 1000) == []
        assert reader.pending < 300
    assert (reader.received, reader.damaged) == (100_000, 0)
    assert reader.feed(b"\x00" + encode(b"x")) == [b"x"]
    assert reader.damaged == 1


def test_the_firmware_encodes_and_decodes_alike(program: Path) -> None:
    """Payloads of every length, many with zeros; then lines with changed, lost and new bytes."""
    rng = random.Random(4)
    sent = [rng.randbytes(size) for size in range(1, PAYLOAD_MAX + 1)]
    sent += [bytes(rng.choices((0, 1, 255), k=size)) for size in range(1, PAYLOAD_MAX + 1)]
    frames = b"".join(map(encode, sent))
    packed = b"".join(bytes([len(payload)]) + payload for payload in sent)
    assert sanitized.run(program, b"e" + packed).stdout == frames
    assert in_c(program, frames) == sent
    for changes in (1, 10, 100, 1000, 10_000):
        line = bytearray(frames)
        for _ in range(changes):
            place = rng.randrange(len(line))
            line[place : place + rng.choice((0, 1, 1, 1, 5))] = rng.randbytes(rng.choice((0, 1, 2)))
        found = in_c(program, bytes(line))
        assert found == in_python(bytes(line))
        assert len(found) < len(sent)
    for _ in range(20):
        noise = bytes(rng.choices(range(256), weights=[20] + [1] * 255, k=20_000))
        assert in_c(program, noise) == in_python(noise)
