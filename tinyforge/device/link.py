"""The computer's side of the self-test: questions that are repeated until they are answered."""

from __future__ import annotations

import time
from typing import Protocol

from tinyforge.device import frame, messages
from tinyforge.device.messages import Hello, Kind, Memory
from tinyforge.errors import ForgeError

# When a question is asked again. An inference may take its time; after something damaged, which was
# probably the answer, there is nothing to wait for.
_REPEAT_SECONDS = 0.3
_REPEAT_RUN_SECONDS = 1.0
_REPEAT_DAMAGED_SECONDS = 0.02


class Line(Protocol):
    """A serial port, or what stands for one. Failures are ForgeErrors."""

    @property
    def name(self) -> str: ...

    def read(self) -> bytes:
        """What has come; soon returns nothing where nothing comes."""
        ...

    def write(self, data: bytes) -> None: ...


class Link:
    """Talks to firmware that calls forge_link_poll.

    seconds: how long any one answer may take, an inference included; ForgeError after that.
    repeated: questions that had to be sent again, over the whole talk.
    """

    def __init__(self, line: Line, *, seconds: float) -> None:
        self._line = line
        self._seconds = seconds
        self._sequence = 0
        self._reader = frame.Reader()
        self.repeated = 0

    @property
    def damaged(self) -> int:
        """Stretches on the line that were no sound frame."""
        return self._reader.damaged

    def hello(self) -> Hello:
        """ForgeError when nobody answers, or in another version of the protocol."""
        return messages.parse_hello(self._ask(Kind.HELLO, b""), self._line.name)

    def reset(self) -> None:
        """Makes the next input the first of a sequence."""
        self._ask(Kind.RESET, b"")

    def write_input(self, values: bytes) -> None:
        """A whole input."""
        for offset in range(0, len(values), messages.INPUT_PIECE):
            piece = values[offset : offset + messages.INPUT_PIECE]
            self._ask(Kind.INPUT, messages.input_body(offset, piece))

    def run(self, steps: int | None = None) -> int:
        """Runs the model, or its steps up to that many, on the input written last; its cycles.

        0 on a board that cannot count them.
        """
        answer = self._ask(Kind.RUN, messages.run_body(steps))
        return int.from_bytes(self._sized(answer, 4), "little")

    def read_output(self, size: int) -> bytes:
        return self._read(Memory.OUTPUT, 0, size)

    def read_arena(self, offset: int, size: int) -> bytes:
        return self._read(Memory.ARENA, offset, size)

    def _read(self, memory: Memory, offset: int, size: int) -> bytes:
        pieces = []
        for start in range(0, size, messages.READ_PIECE):
            count = min(messages.READ_PIECE, size - start)
            body = messages.read_body(memory, offset + start, count)
            pieces.append(self._sized(self._ask(Kind.READ, body), count))
        return b"".join(pieces)

    def _sized(self, answer: bytes, size: int) -> bytes:
        if len(answer) != size:
            raise ForgeError(
                f"the board answers with {len(answer)} bytes, expected {size}",
                where=self._line.name,
                fix="generate the project with this version of tinyforge, and flash it",
            )
        return answer

    def _ask(self, kind: Kind, body: bytes) -> bytes:
        """The body of the answer."""
        self._sequence = (self._sequence + 1) % 256
        question = frame.encode(messages.question(kind, self._sequence, body))
        received, damaged = self._reader.received, self._reader.damaged
        end = time.monotonic() + self._seconds
        patience = _REPEAT_RUN_SECONDS if kind is Kind.RUN else _REPEAT_SECONDS
        while True:
            self._line.write(question)
            answer = self._answer(kind, min(end, time.monotonic() + patience))
            if answer is not None:
                return answer
            if time.monotonic() >= end:
                break
            self.repeated += 1
        raise self._silence(kind, self._reader.received - received, self._reader.damaged - damaged)

    def _answer(self, kind: Kind, end: float) -> bytes | None:
        """None when the time is over. Answers to earlier questions are passed over."""
        damaged = self._reader.damaged
        while time.monotonic() < end:
            if self._reader.damaged > damaged:
                damaged = self._reader.damaged
                end = min(end, time.monotonic() + _REPEAT_DAMAGED_SECONDS)
            for payload in self._reader.feed(self._line.read()):
                if len(payload) < 2 or payload[1] != self._sequence:
                    continue
                if payload[0] == messages.REFUSAL:
                    raise messages.refusal(payload[2:], self._line.name)
                if payload[0] == kind | messages.ANSWER:
                    return payload[2:]
        return None

    def _silence(self, kind: Kind, received: int, damaged: int) -> ForgeError:
        """What is to be said when no answer came, by what came instead."""
        if not received:
            what = "nothing came back"
            fix = "reset the board; is it the right port, and does self-test firmware run on it?"
        elif damaged:
            what = f"{received} bytes came back, damaged or not from the self-test's firmware"
            fix = "try a shorter cable; see that the speed is right, and flash the board again"
        elif self._reader.pending:
            what = f"an answer broke off after {self._reader.pending} bytes"
            fix = "reset the board and repeat; if it stays so, the firmware hangs there"
        else:
            what = f"{received} bytes came back, but no answer"
            fix = "reset the board and repeat"
        return ForgeError(
            f"the board did not answer within {self._seconds:g} s: {what}",
            where=f"{self._line.name}, question {kind.name.lower()}",
            fix=fix,
        )
