"""Which serial port is the board's."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from tinyforge.device.port import SerialPort, find
from tinyforge.errors import ForgeError


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The ports of this computer: one that is no USB's, and what a test adds."""
    ports = [SimpleNamespace(device="/dev/ttyS0", vid=None)]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    return ports


def test_the_only_usb_port(plugged: list[SimpleNamespace]) -> None:
    plugged.append(SimpleNamespace(device="/dev/ttyACM0", vid=0x2341))
    assert find(appear_seconds=0) == "/dev/ttyACM0"


def test_a_port_that_appears_late(plugged: list[SimpleNamespace]) -> None:
    late = threading.Timer(0.2, plugged.append, [SimpleNamespace(device="COM7", vid=1)])
    late.start()
    assert find(appear_seconds=10) == "COM7"
    late.join()


def test_no_usb_port(plugged: list[SimpleNamespace]) -> None:
    with pytest.raises(ForgeError, match="no board") as caught:
        find(appear_seconds=0)
    assert "--port" in caught.value.fix


def test_several_usb_ports(plugged: list[SimpleNamespace]) -> None:
    plugged += [SimpleNamespace(device=f"/dev/ttyACM{i}", vid=1) for i in (1, 0)]
    with pytest.raises(ForgeError, match="2 serial ports: /dev/ttyACM0, /dev/ttyACM1") as caught:
        find(appear_seconds=0)
    assert caught.value.fix == "choose one: --port /dev/ttyACM0"


def test_a_port_that_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads at the other end."""
    pty = pytest.importorskip("pty")
    monkeypatch.setattr("tinyforge.device.port._WRITE_SECONDS", 0.2)
    _, slave = pty.openpty()
    with (
        SerialPort(os.ttyname(slave), 115200, appear_seconds=0) as port,
        pytest.raises(ForgeError, match="the serial port failed: Write timeout"),
    ):
        port.write(bytes(1_000_000))


def test_a_port_that_another_program_uses() -> None:
    pty = pytest.importorskip("pty")
    _, slave = pty.openpty()
    name = os.ttyname(slave)
    with (
        SerialPort(name, 115200, appear_seconds=0),
        pytest.raises(ForgeError, match="cannot open the serial port") as caught,
    ):
        SerialPort(name, 115200, appear_seconds=0.1)
    assert "close other programs" in caught.value.fix
