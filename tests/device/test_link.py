"""Both sides of the self-test's talk: firmware/link under the sanitizers, asked by Link."""

from __future__ import annotations

import contextlib
import os
import random
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware import sanitized
from tinyforge.device import frame, messages
from tinyforge.device.link import Link
from tinyforge.device.messages import Kind, Memory
from tinyforge.errors import ForgeError
from tinyforge.project.model_files import ABI
from tinyforge.resources import folder

INPUT = bytes(i % 100 for i in range(300))
OUTPUT = bytes(i + 3 for i in range(4))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """board.c with the firmware's side of the talk."""
    here, firmware = Path(__file__).parent / "board", folder("firmware")
    return sanitized.build(
        [here / "board.c", *sorted((firmware / "link").glob("*.c"))],
        tmp_path_factory.mktemp("board") / "board",
        [here, firmware / "link", firmware / "include"],
    )


class Pipe:
    """A Line to a process."""

    name = "desk"

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin.fileno(), process.stdout.fileno()

    def read(self) -> bytes:
        ready, _, _ = select.select([self._from], [], [], 0.05)
        return os.read(self._from, 4096) if ready else b""

    def write(self, data: bytes) -> None:
        os.write(self._to, data)


@contextlib.contextmanager
def talk(program: Path, **environment: str) -> Iterator[Link]:
    process = subprocess.Popen(
        [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with process:
        yield Link(Pipe(process), seconds=2)


@pytest.fixture
def link(program: Path) -> Iterator[Link]:
    with talk(program) as link:
        yield link


def test_hello(link: Link) -> None:
    assert link.hello() == messages.Hello(
        abi=ABI,
        status=0,
        model=bytes([1, 0, 3, 4, 5, 6, 7, 8]),
        input_bytes=300,
        output_bytes=5,
        arena_bytes=300,
        steps=2,
        golden=9,
        engine="aot",
        board="desk",
    )


def test_an_inference_and_its_cycles(link: Link) -> None:
    for number in (1, 2):
        link.write_input(INPUT)
        assert link.run() == 7
        assert link.read_output(5) == OUTPUT + bytes([number])
    assert link.repeated == link.damaged == 0


def test_a_reset_begins_a_sequence_and_forgets_the_input(link: Link) -> None:
    for _ in range(2):
        link.reset()
        link.write_input(INPUT)
        link.run()
        assert link.read_output(5) == OUTPUT + b"\x01"
    link.write_input(INPUT)
    link.reset()
    assert "wrong order" in refused(link, Kind.RUN, messages.run_body(None))


def test_step_by_step(link: Link) -> None:
    link.write_input(INPUT)
    assert link.read_arena(0, 300) == INPUT
    assert link.run(1) == 7
    assert link.read_arena(290, 10) == bytes(v + 1 for v in INPUT[290:])
    assert link.run(2) == 7
    assert link.read_arena(0, 300) == bytes(v + 3 for v in INPUT)


def refused(link: Link, kind: Kind, body: bytes) -> str:
    with pytest.raises(ForgeError, match="the board refuses") as caught:
        link._ask(kind, body)
    assert caught.value.where == "desk"
    assert caught.value.fix
    return caught.value.what


def test_what_lies_outside_is_refused(link: Link) -> None:
    for offset, size in ((300, 1), (299, 2), (2**32 - 1, 200), (0, 239)):
        assert "outside" in refused(link, Kind.READ, messages.read_body(Memory.ARENA, offset, size))
    assert "outside" in refused(link, Kind.READ, messages.read_body(Memory.OUTPUT, 0, 6))
    assert "outside" in refused(link, Kind.READ, b"\x02" + bytes(4) + b"\x01")
    for offset in (300, 2**32 - 1):
        assert "outside" in refused(link, Kind.INPUT, messages.input_body(offset, b"x"))
    assert "outside" in refused(link, Kind.INPUT, messages.input_body(299, b"xy"))
    link.write_input(INPUT)
    assert "outside" in refused(link, Kind.RUN, messages.run_body(3))


def test_order_is_kept(link: Link) -> None:
    whole, one = messages.run_body(None), messages.run_body(1)
    assert "wrong order" in refused(link, Kind.RUN, whole)
    link._ask(Kind.INPUT, messages.input_body(0, INPUT[:234]))
    assert "wrong order" in refused(link, Kind.RUN, whole)  # not all of it is there
    assert "wrong order" in refused(link, Kind.INPUT, messages.input_body(233, b"x"))
    link._ask(Kind.INPUT, messages.input_body(234, INPUT[234:]))
    assert "wrong order" in refused(link, Kind.RUN, messages.run_body(0))
    link.run(1)
    for body in (whole, one):
        assert "wrong order" in refused(link, Kind.RUN, body)  # it would run on step 1's output
    link.write_input(INPUT)
    link.run()
    assert "wrong order" in refused(link, Kind.RUN, whole)  # the input may be overwritten


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.HELLO, b"x"),
        (Kind.INPUT, bytes(4)),
        (Kind.RUN, b"\0"),
        (Kind.READ, bytes(5)),
        (Kind.RESET, b"x"),
    ],
)
def test_bodies_of_the_wrong_size_are_refused(link: Link, kind: Kind, body: bytes) -> None:
    assert "does not know" in refused(link, kind, body)


def test_a_model_that_fails_is_named(link: Link) -> None:
    link.write_input(b"\x80" * 300)
    assert "an operator could not be registered or failed" in refused(
        link, Kind.RUN, messages.run_body(None)
    )
    assert link.hello().status == 5


def test_an_application_that_did_not_begin(program: Path) -> None:
    with talk(program, FORGE_NOT_BEGUN="1") as link:
        assert link.hello().status == 6
        refusal = refused(link, Kind.INPUT, messages.input_body(0, b"x"))
        assert "initializing did not succeed" in refusal


def asked(program: Path, *questions: bytes) -> list[bytes]:
    """The payloads that come back for these, all sent at once."""
    line = b"".join(map(frame.encode, questions))
    return frame.Reader().feed(sanitized.run(program, line).stdout)


def test_a_question_twice_is_answered_twice_and_done_once(program: Path) -> None:
    whole = [
        messages.question(Kind.INPUT, 1, messages.input_body(0, INPUT[:234])),
        messages.question(Kind.INPUT, 2, messages.input_body(234, INPUT[234:])),
        messages.question(Kind.RUN, 3, messages.run_body(None)),
    ]
    read = messages.question(Kind.READ, 4, messages.read_body(Memory.OUTPUT, 0, 5))
    once = asked(program, *whole, read)
    twice = asked(program, *(q for q in [*whole, read] for _ in range(2)))
    assert twice == [answer for answer in once for _ in range(2)]
    assert once[-1] == bytes([Kind.READ | 0x80, 4]) + OUTPUT + b"\x01"


def test_a_frame_that_is_no_question_is_passed_over(program: Path) -> None:
    """It has no sequence number to answer with."""
    assert asked(program, b"\x01") == []


def test_the_statuses_are_those_of_forge_h() -> None:
    """Their texts, in order, out of the header's own list."""
    header = (folder("firmware") / "include" / "forge" / "forge.h").read_text()
    begin = header.index("#define FORGE_STATUS_LIST")
    lines = header[begin : header.index("\n\n", begin)].splitlines()[1:]
    texts = [line.split('"')[1] for line in lines]
    assert [messages.status_text(i) for i in range(len(texts))] == texts
    assert messages.status_text(200) == "status 200"


class Echo:
    """A Line on which that to the question before precedes each answer, as after repeating."""

    name = "echo"

    def __init__(self) -> None:
        self._questions = frame.Reader()
        self._waiting = b""

    def read(self) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting

    def write(self, data: bytes) -> None:
        for kind, sequence, *_ in self._questions.feed(data):
            for number in (sequence - 1, sequence):
                answer = bytes([kind | 0x80, number, number, 0, 0, 0])
                self._waiting += frame.encode(answer)


def test_answers_to_earlier_questions_are_passed_over() -> None:
    link = Link(Echo(), seconds=2)
    assert [link.run() for _ in range(3)] == [1, 2, 3]


def session(rng: random.Random) -> list[bytes]:
    """Questions that are mostly right, of all kinds."""
    questions = []
    for sequence in range(rng.randrange(1, 12)):
        bodies = {
            Kind.HELLO: b"",
            Kind.INPUT: messages.input_body(
                rng.choice((0, 234, 299)), INPUT[: rng.choice((66, 234))]
            ),
            Kind.RUN: messages.run_body(rng.choice((None, 0, 1, 2, 3))),
            Kind.RESET: b"",
            Kind.READ: messages.read_body(
                rng.choice(list(Memory)), rng.choice((0, 1, 290, 2**31)), rng.randrange(256)
            ),
        }
        kind = rng.choice(list(bodies))
        questions.append(messages.question(kind, sequence, bodies[kind]))
    return questions


def damaged(line: bytes, rng: random.Random) -> bytes:
    changed = bytearray(line)
    for _ in range(rng.randrange(4)):
        place = rng.randrange(len(changed) + 1)
        changed[place : place + rng.choice((0, 1, 9))] = rng.randbytes(rng.choice((0, 1, 9)))
    return bytes(changed)


def test_no_line_breaks_the_firmware(program: Path) -> None:
    """Thousands of sessions in one life of the board: changed on the line, changed before they were
    framed, and plain noise. It answers with sound frames only, and still greets at the end."""
    rng = random.Random(7)
    line = bytearray()
    for _ in range(3000):
        questions = session(rng)
        if rng.random() < 0.5:
            questions = [damaged(q, rng)[: frame.PAYLOAD_MAX] or b"x" for q in questions]
        line += damaged(b"".join(map(frame.encode, questions)), rng)
        line += rng.randbytes(rng.randrange(40))
    line += frame.encode(messages.question(Kind.HELLO, 77, b""))
    answers = sanitized.run(program, bytes(line))
    assert answers.returncode == 0
    reader = frame.Reader()
    found = reader.feed(answers.stdout)
    assert (reader.damaged, reader.pending) == (0, 0)
    assert len(found) > 3000
    assert {payload[0] for payload in found} == {kind | 0x80 for kind in Kind} | {0xFF}
    assert found[-1][:3] == bytes([Kind.HELLO | 0x80, 77, messages.PROTOCOL])
