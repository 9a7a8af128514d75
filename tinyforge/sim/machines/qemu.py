"""Runs firmware in qemu-system-arm, the machine that also has a Cortex-M55 with MVE.

QEMU's own semihosting feeds the firmware. A debugger's breakpoints stop it where there is
something to see; QEMU's monitor then tells how many instructions it has executed, exactly.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job, Progress, Run
from tinyforge.sim.elf import contains
from tinyforge.sim.machines.gdb_rsp import RemoteTimeout
from tinyforge.sim.machines.outcome import fault, outputs_of, require_reached, zeros
from tinyforge.sim.machines.paint import PAINTS, REPEATED, merge, stack_high_water_mark
from tinyforge.sim.machines.qemu_session import Session, command, session

_KB, _MB = 1024, 1024 * 1024
_MPS2 = MemoryMap(flash=Region(0, 4 * _MB), ram=Region(0x20000000, 4 * _MB))

# Memory that each board boots from, and RAM; where there is TrustZone, as the secure side sees
# them. Source: QEMU's hw/arm/{nrf51_soc,mps2,mps2-tz,armsse}.c.
_MEMORIES = {
    "microbit": MemoryMap(flash=Region(0, 256 * _KB), ram=Region(0x20000000, 16 * _KB)),
    "mps2-an385": _MPS2,
    "mps2-an386": _MPS2,
    "mps2-an500": _MPS2,
    "mps2-an505": MemoryMap(flash=Region(0x10000000, 4 * _MB), ram=Region(0x38000000, 4 * _MB)),
    "mps3-an547": MemoryMap(flash=Region(0x10000000, 512 * _KB), ram=Region(0x31000000, 4 * _MB)),
}

# An application calls one of these before its first inference; the self-test's come earlier.
_READS = ("forge_port_read_frame", "forge_port_read_row", "forge_port_read_point")

# Where an exception's stack frame holds the address it came from.
_FRAME_PC = 24


def qemu_memory(core: Core) -> MemoryMap:
    """What firmware for QEMU must be linked for. ForgeError when QEMU has no such core."""
    if core.qemu_machine is None:
        raise ForgeError(f"qemu does not emulate {core.name}", fix="use --machine unicorn")
    return _MEMORIES[core.qemu_machine]


@cache
def _version(path: str) -> str:
    shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return shown.splitlines()[0].replace("QEMU emulator version", "qemu")


@dataclass(frozen=True)
class Qemu:
    """Implements Machine.

    stall_seconds: firmware that takes so long for one layer is taken to hang.
    """

    name: str = "qemu"
    stall_seconds: float = 120.0

    def version(self) -> str:
        return _version(command())

    def supports(self, core: Core) -> bool:
        return core.qemu_machine is not None

    def memory(self, core: Core, board: MemoryMap) -> MemoryMap:  # noqa: ARG002 - it has its own
        return qemu_memory(core)

    def run(self, job: Job, progress: Progress | None = None) -> Run:
        firmware = job.firmware
        if firmware.core is None or firmware.memory != qemu_memory(firmware.core):
            raise ForgeError(
                "this firmware was not linked for qemu's memories",
                where=str(firmware.path),
                fix="build it with the memory map that qemu_memory gives",
            )
        runs: list[Run] = []
        for paint, batch in zip(PAINTS, (job.inputs, job.inputs[:REPEATED]), strict=True):
            with session(firmware, batch, paint, seconds=self.stall_seconds) as qemu:
                part = replace(job, inputs=batch)
                runs.append(_Boot(qemu, part, paint, None if runs else progress).run())
        return merge(firmware, *runs)


class _Boot:
    """One emulated microcontroller, from reset to the firmware's exit, from stop to stop."""

    def __init__(
        self,
        qemu: Session,
        job: Job,
        paint: int,
        progress: Progress | None,
    ) -> None:
        firmware = job.firmware
        self.qemu = qemu
        self.job = job
        self.firmware = firmware
        self.probes = job.probes
        self.entry = job.entry
        self.paint = paint
        self.progress = progress
        self.arena = firmware.symbols.get("forge_arena")
        self.instructions, self.layer_instructions, self.captured = zeros(job)
        self.hits = [0 for _ in job.probes]
        self.arena_touched = 0
        self.stack = 0
        self.armed: set[int] = set()
        self.reads = {self._address(name) for name in _READS if name in firmware.symbols}
        watched = ("forge_init", "forge_port_exit", "Fault_Handler")
        self.wanted = self.reads | {self._address(name) for name in watched}
        # The inference that runs, -1 before the first: the self-test's are none.
        self.inference = -1
        self.call = job.entry.calls  # of this inference, counted from 1
        self.return_address: int | None = None
        self.invoke_start = 0
        self.next_probe = 0
        self.layer: int | None = None
        self.layer_start = 0

    def run(self) -> Run:
        """ForgeError if the firmware ends in any other way than by its own exit."""
        status = self._follow()
        self.qemu.wait()
        outputs = outputs_of(
            self.job,
            status=status,
            console=self.qemu.console,
            results=self.qemu.results,
        )
        require_reached(self.job, self.hits)
        return Run(
            outputs=outputs,
            captured=self.captured,
            instructions=self.instructions,
            layer_instructions=self.layer_instructions,
            arena_touched=self.arena_touched if self.arena else None,
            stack_high_water_mark=self.stack,
            console=self.qemu.console,
        )

    def _address(self, name: str) -> int:
        return self.firmware.symbol(name).address

    def _follow(self) -> int:
        """From stop to stop until the firmware exits; returns its status."""
        handlers = {
            self._address("forge_init"): self._before_init,
            **dict.fromkeys(self.reads, self._before_first_frame),
            self._address("forge_port_exit"): self._before_exit,
            self._address("Fault_Handler"): self._in_fault_handler,
            self._address(self.entry.symbol): self._enter_invoke,
        }
        address = -1
        while True:
            if address in self.wanted:
                # QEMU would stop at the breakpoint it stands at again: that one pauses.
                self._arm(self.wanted - {address})
                self.qemu.remote.step()
            self._arm(self.wanted)
            status = self._resume()
            if status is not None:
                return status
            address = self.qemu.remote.read_register("pc")
            if address in handlers:
                handlers[address]()
            if address == self.return_address:
                self._leave_invoke()
            else:
                self._reach_probe(address)

    def _arm(self, addresses: set[int]) -> None:
        for address in self.armed - addresses:
            self.qemu.remote.remove_breakpoint(address)
        for address in addresses - self.armed:
            self.qemu.remote.insert_breakpoint(address)
        self.armed = set(addresses)

    def _resume(self) -> int | None:
        try:
            return self.qemu.remote.resume()
        except RemoteTimeout as error:
            self.qemu.remote.interrupt()
            raise self._fault("the firmware hangs", self.qemu.remote.read_register("pc")) from error

    def _before_init(self) -> None:
        """Paints the arena, which startup code has zeroed."""
        self.wanted.discard(self._address("forge_init"))
        if self.arena:
            self.qemu.remote.write_memory(self.arena.address, bytes([self.paint]) * self.arena.size)

    def _before_first_frame(self) -> None:
        self.wanted -= self.reads
        symbols = {self.entry.symbol, *(probe.symbol for probe in self.probes if probe.symbol)}
        self.wanted |= {self._address(symbol) for symbol in symbols}

    def _before_exit(self) -> None:
        self.wanted.discard(self._address("forge_port_exit"))
        bottom, top = self._address("__stack_bottom"), self._address("__stack_top")
        stack = self.qemu.read(bottom, top - bottom)
        self.stack = stack_high_water_mark(self.firmware, stack, self.paint)

    def _in_fault_handler(self) -> None:
        remote = self.qemu.remote
        stack = remote.read_register("sp")
        if not contains(self.firmware.memory.ram, stack, _FRAME_PC + 4):
            what = f"the firmware faulted, its stack pointer outside of RAM: 0x{stack:08x}"
            raise fault(what, self.firmware, console=self.qemu.console)
        address = int.from_bytes(remote.read_memory(stack + _FRAME_PC, 4), "little")
        raise self._fault("the firmware faulted", address)

    def _enter_invoke(self) -> None:
        if self.call == self.entry.calls:
            self.inference += 1
            self.next_probe = 0
            self.call = 0
        self.call += 1
        self.invoke_start = self.qemu.monitor.instructions()
        self.return_address = self.qemu.remote.read_register("lr") & ~1
        self.wanted.add(self.return_address)

    def _leave_invoke(self) -> None:
        assert self.return_address is not None
        self.wanted.discard(self.return_address)
        self.return_address = None
        now = self.qemu.monitor.instructions()
        self.instructions[self.inference] += now - self.invoke_start
        self._end_layer(now)
        if self.call < self.entry.calls:
            return
        if self.next_probe < len(self.probes) and not self.probes[self.next_probe].symbol:
            self._capture(self.next_probe)
        if self.arena:
            written = np.flatnonzero(
                self.qemu.read(self.arena.address, self.arena.size) != self.paint
            )
            touched = int(written[-1]) + 1 if len(written) else 0
            self.arena_touched = max(self.arena_touched, touched)
        if self.progress is not None:
            self.progress(self.inference + 1)

    def _reach_probe(self, address: int) -> None:
        if self.return_address is None or self.next_probe == len(self.probes):
            return
        probe = self.probes[self.next_probe]
        if probe.symbol and self._address(probe.symbol) == address:
            now = self.qemu.monitor.instructions()
            self._end_layer(now)
            self.layer, self.layer_start = probe.layer, now
            self._capture(self.next_probe)
            self.next_probe += 1

    def _end_layer(self, now: int) -> None:
        if self.layer is not None and self.layer >= 0:
            self.layer_instructions[self.inference, self.layer] += now - self.layer_start
        self.layer = None

    def _capture(self, number: int) -> None:
        reads = self.probes[number].reads
        start = self._address("forge_arena") if reads else 0
        parts = [self.qemu.remote.read_memory(start + offset, size) for offset, size in reads]
        self.captured[number][self.inference] = np.frombuffer(b"".join(parts), np.int8)
        self.hits[number] += 1

    def _fault(self, what: str, address: int) -> ForgeError:
        return fault(what, self.firmware, console=self.qemu.console, address=address)
