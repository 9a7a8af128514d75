"""Runs firmware in unicorn, an emulator that pip installs. Counts every instruction."""

from __future__ import annotations

import ctypes
import importlib.util
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tinyforge import interrupts
from tinyforge.boards.cores import Core
from tinyforge.boards.flash_reads import MemorySystem
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.packages import pip_install
from tinyforge.sim.base import Job, Progress, Run
from tinyforge.sim.elf import contains
from tinyforge.sim.machines.block_counter import BlockCounter, Path
from tinyforge.sim.machines.memory import Memory
from tinyforge.sim.machines.memory_system import clocks
from tinyforge.sim.machines.outcome import fault, outputs_of, require_reached
from tinyforge.sim.machines.paint import PAINTS, REPEATED, merge, stack_high_water_mark
from tinyforge.sim.machines.replay import Replay
from tinyforge.sim.machines.semihosting import Semihosting
from tinyforge.sim.profile import Grants, Profile

_SYSTEM_CONTROL_SPACE = Region(0xE000E000, 0x1000)
_BKPT_AB = b"\xab\xbe"
_NEVER_REACHED = 0xFFFFFFFE

# What the register EPSR holds outside of IT blocks: the Thumb bit alone.
_NO_IT_BLOCK = 1 << 24

# What UC_HOOK_INTR reports: QEMU's EXCP_* numbers (target/arm/cpu.h).
_BKPT = 7
_EXCEPTIONS = {
    2: "an SVC instruction: there is no system to call",
    _BKPT: "a breakpoint that is no semihosting call",
}

# What emu_start raises that no hook sees, by UC_ERR_ number.
_ERRORS = {
    10: "came upon an undefined instruction",  # UC_ERR_INSN_INVALID
    21: "executes code in RAM",  # UC_ERR_EXCEPTION: a fetch that _translate forbids
}


@dataclass(frozen=True)
class Unicorn:
    """Implements Machine and Profiler.

    stall_seconds: firmware that neither reads, writes nor prints for so long is taken to hang.
    """

    name: str = "unicorn"
    stall_seconds: float = 60.0

    def version(self) -> str:
        """ForgeError when unicorn is not installed."""
        _require()
        import unicorn

        return f"unicorn {unicorn.__version__}"

    def supports(self, core: Core) -> bool:
        return core.unicorn_model is not None

    def memory(self, core: Core, board: MemoryMap) -> MemoryMap:  # noqa: ARG002 - any core's
        return board

    def run(self, job: Job, progress: Progress | None = None) -> Run:
        _require()
        runs: list[Run] = []
        for paint, batch in zip(PAINTS, (job.inputs, job.inputs[:REPEATED]), strict=True):
            part = replace(job, inputs=batch)
            boot = _Boot(part, paint=paint, progress=None if runs else progress)
            with boot.counter:
                boot.execute(self.stall_seconds)
                runs.append(boot.result())
        return merge(job.firmware, *runs)

    def profile(
        self,
        job: Job,
        *,
        grants: Grants | None = None,
        systems: Sequence[MemorySystem] | None = None,
    ) -> Profile:
        _require()
        boot = _Boot(job, paint=PAINTS[0], recording=systems is not None)
        with boot.counter:
            boot.execute(self.stall_seconds)
            boot.result()
            blocks, path = boot.counter.blocks(), boot.counter.path()
        boot = _Boot(job, paint=PAINTS[0], count_accesses=True, grants=grants)
        with clocks(systems or (), job.firmware.memory) as opened, boot.counter:
            if systems is not None:
                boot.replay = boot.follow(path, opened)
            boot.execute(self.stall_seconds)
            boot.result()
            replay = boot.replay
            if replay is not None:
                replay.finish()
            # Blocks are those of the first run: where accesses have a hook, unicorn 2.1.4 may pass
            # over some. Each layer's first it does not: result() wants every probe reached.
            return Profile(
                inferences=len(job.inputs),
                blocks=blocks,
                unaligned_extra={} if replay is None else replay.unaligned_extra(),
                simulated=() if replay is None else replay.cycles(),
                checked=boot.counter.checked,
                stray=boot.counter.stray(),
            )


def _require() -> None:
    if importlib.util.find_spec("unicorn") is None:
        raise ForgeError("the emulator unicorn is not installed", fix=pip_install("unicorn"))


@dataclass(frozen=True)
class _Stop:
    """Why the engine stopped, and at which instruction. what: "" for a semihosting call."""

    address: int
    what: str


class _Boot:
    """One emulated microcontroller, from reset to the firmware's exit."""

    def __init__(
        self,
        job: Job,
        *,
        paint: int,
        progress: Progress | None = None,
        count_accesses: bool = False,
        grants: Grants | None = None,
        recording: bool = False,
    ) -> None:
        self.job = job
        self.firmware = job.firmware
        self.paint = paint
        self.progress = progress
        self.count_accesses = count_accesses
        self.replay: Replay | None = None
        self.memory = Memory(job.firmware, paint)
        frames = (job.inputs.tobytes(), job.inputs.shape[1])
        self.host = Semihosting(self.memory, *frames, lambda: self.counter.executed)
        self.stop: _Stop | None = None
        self.stalled = False
        self.engine = self._power_on()
        self.counter = self._count_blocks(grants, recording=recording)

    def _power_on(self) -> Any:
        """The engine with the firmware's core and memories, nothing running yet."""
        import unicorn as uc

        core, memory = self.firmware.core, self.firmware.memory
        if core is None or core.unicorn_model is None:
            raise ForgeError(
                f"unicorn does not emulate {core.name if core else 'this computer'}",
                where=str(self.firmware.path),
                fix="use --machine qemu",
            )
        # Not UC_MODE_MCLASS: it forces a Cortex-M33.
        engine = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB)
        engine.ctl_set_cpu_model(getattr(uc.arm_const, core.unicorn_model))
        for region, data, allowed in (
            (memory.flash, self.memory.flash, uc.UC_PROT_READ | uc.UC_PROT_EXEC),
            (memory.ram, self.memory.ram, uc.UC_PROT_READ | uc.UC_PROT_WRITE),
        ):
            engine.mem_map_ptr(region.base, region.size, allowed, data.ctypes.data)
        # Of the core's own registers startup code sets one, CPACR: plain memory will do.
        system = _SYSTEM_CONTROL_SPACE
        engine.mem_map(system.base, system.size, uc.UC_PROT_READ | uc.UC_PROT_WRITE)
        engine.hook_add(uc.UC_HOOK_INTR, self._on_exception)
        # Not over RAM, and RAM is not executable (_translate): only then do stores take the
        # engine's fast path, which halves the run time of code that spills registers.
        invalid = uc.UC_HOOK_MEM_INVALID
        engine.hook_add(invalid, self._on_invalid_access, begin=1, end=memory.ram.base - 1)
        behind = memory.ram.base + memory.ram.size
        engine.hook_add(invalid, self._on_invalid_access, begin=behind, end=0xFFFFFFFF)
        engine.ctl_set_tlb_mode(uc.UC_TLB_VIRTUAL)
        engine.hook_add(uc.UC_HOOK_TLB_FILL, self._translate)
        return engine

    def _count_blocks(self, grants: Grants | None, *, recording: bool) -> BlockCounter:
        """The block counter, hooked into the engine in C, past the Python binding."""
        import unicorn as uc
        from unicorn.unicorn_py3.unicorn import uclib

        counter = BlockCounter(
            self.job,
            memory=self.memory,
            paint=self.paint,
            read_register=ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p),
            write_register=ctypes.cast(uclib.uc_reg_write, ctypes.c_void_p),
            link_register=uc.arm_const.UC_ARM_REG_LR,
            state_register=uc.arm_const.UC_ARM_REG_EPSR,
            program_counter=uc.arm_const.UC_ARM_REG_PC,
            no_it_block=_NO_IT_BLOCK,
            grants=grants,
            recording=recording,
        )
        try:
            self._hook(uc.UC_HOOK_BLOCK, counter.hook, counter)
        except uc.UcError:
            counter.close()
            raise
        return counter

    def follow(self, path: Path, opened: ctypes.Array[ctypes.c_void_p]) -> Replay:
        """What sees each data access, once it is hooked in, of a run along a path."""
        import unicorn as uc
        from unicorn.unicorn_py3.unicorn import uclib

        return Replay(
            self.firmware,
            path,
            opened,
            read_register=ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p),
            counter_register=uc.arm_const.UC_ARM_REG_PC,
        )

    def _hook_accesses(self) -> None:
        """Has each data access seen too, which makes the engine 30 times slower."""
        import unicorn as uc

        kinds = uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE
        self._hook(kinds, self.counter.access_hook, self.counter)
        if self.replay is not None:
            self._hook(kinds, self.replay.hook, self.replay)
        self.engine.ctl_flush_tb()  # code that was translated before calls no such hook

    def _hook(self, kinds: int, function: ctypes.c_void_p, owner: BlockCounter | Replay) -> None:
        """Has the engine call one of its owner's C functions, wherever it executes."""
        import unicorn as uc
        from unicorn.unicorn_py3.unicorn import uclib

        everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0))
        handle = ctypes.byref(ctypes.c_size_t())
        status = uclib.uc_hook_add(
            self.engine._uch, handle, kinds, function, owner.user, *everywhere
        )
        if status != uc.UC_ERR_OK:
            raise uc.UcError(status)

    def execute(self, stall_seconds: float) -> None:
        """From reset to the firmware's own exit. ForgeError if it ends in any other way."""
        from unicorn.arm_const import UC_ARM_REG_R0, UC_ARM_REG_SP

        stack, address = struct.unpack("<2I", self.memory.flash[:8].tobytes())
        self.engine.reg_write(UC_ARM_REG_SP, stack)
        with self._stall_guard(stall_seconds), interrupts.held(self.engine.emu_stop):
            while self.host.status is None:
                address = self._execute_to_semihosting(address)
                self.engine.reg_write(UC_ARM_REG_R0, self._serve())
        if self.progress is not None:
            self.progress(len(self.job.inputs))

    def _execute_to_semihosting(self, address: int) -> int:
        """Executes until the firmware calls the host; returns where it goes on from there.

        The call is served with the engine stopped: writing the PC from inside a hook would make
        unicorn 2.1.4 forget to keep it exact for the faults that follow.
        """
        import unicorn as uc

        self.stop = None
        try:
            self.engine.emu_start(address | 1, _NEVER_REACHED)
        except uc.UcError as error:
            if self.stop is None:
                what = _ERRORS.get(error.errno, f"stopped: {error}")
                raise self._fault(f"the firmware {what}") from error
        if self.stop is None and self.stalled:
            raise self._fault("the firmware hangs: it has not read, written or printed for long")
        if self.stop is None:
            raise self._fault("the firmware sleeps, and no interrupt will wake it")
        if self.stop.what:
            raise self._fault(self.stop.what)
        return self.stop.address + len(_BKPT_AB)

    def _serve(self) -> int:
        """Serves a semihosting call; returns what the firmware is to find in r0."""
        try:
            answer = self.host.call(self._register("R0"), self._register("R1"))
        except IndexError as error:
            raise self._fault(f"semihosting was given a bad address: {error}") from error
        if self.host.frames_read != self.counter.frames:
            if self.count_accesses and self.counter.frames == 0:  # the self-test is over
                self._hook_accesses()
            self.counter.frames = self.host.frames_read
            if self.progress is not None:
                self.progress(self.counter.frames - 1)
        return answer

    @contextmanager
    def _stall_guard(self, seconds: float) -> Iterator[None]:
        """Stops an engine that stands still, and sets stalled."""
        finished = threading.Event()

        def watch() -> None:
            seen = self.host.activity
            while not finished.wait(seconds):
                if self.host.activity == seen:
                    self.stalled = True
                    self.engine.emu_stop()
                seen = self.host.activity

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            finished.set()
            watcher.join()

    def _on_exception(self, engine: Any, number: int, _user: object) -> None:
        address = self._register("PC")
        semihosting = number == _BKPT and self.memory.read(address, 2) == _BKPT_AB
        what = _EXCEPTIONS.get(number, f"exception {number}")
        self.stop = _Stop(address, "" if semihosting else f"the firmware came upon {what}")
        engine.emu_stop()

    def _translate(self, engine: Any, address: int, access: int, entry: Any, _user: object) -> bool:
        """Address translation: there is none. Other memories were mapped with their rights."""
        import unicorn as uc

        # For an access inside an IT block, unicorn 2.1.4 has set the block's conditions in the core
        # (unicorn_fill_tlb calls cpu_restore_state), where translated code never resets them: they
        # would hold for the first instructions of the code that runs next.
        if access != uc.UC_MEM_FETCH:
            engine.reg_write(uc.arm_const.UC_ARM_REG_EPSR, _NO_IT_BLOCK)
        entry.paddr = address
        executable = not contains(self.firmware.memory.ram, address)
        entry.perms = uc.UC_PROT_READ | uc.UC_PROT_WRITE | (uc.UC_PROT_EXEC * executable)
        return True

    def _on_invalid_access(
        self, _engine: Any, access: int, address: int, size: int, _value: int, _user: object
    ) -> bool:
        import unicorn as uc

        kinds = {
            uc.UC_MEM_READ_UNMAPPED: f"reads {size} bytes where there is no memory",
            uc.UC_MEM_WRITE_UNMAPPED: f"writes {size} bytes where there is no memory",
            uc.UC_MEM_FETCH_UNMAPPED: "executes code where there is no memory",
            uc.UC_MEM_WRITE_PROT: f"writes {size} bytes to flash",
        }
        kind = kinds.get(access, "makes a forbidden access")
        # Only now does the engine know the exact instruction.
        self.stop = _Stop(self._register("PC"), f"the firmware {kind}, at 0x{address:08x}")
        return False

    def _register(self, name: str) -> int:
        from unicorn import arm_const

        return int(self.engine.reg_read(getattr(arm_const, f"UC_ARM_REG_{name}")))

    def _fault(self, what: str) -> ForgeError:
        address = self._register("PC") if self.stop is None else self.stop.address
        return fault(what, self.firmware, console=self.host.console, address=address)

    def result(self) -> Run:
        """What the finished run showed. ForgeError when something is missing, or the stack is."""
        outputs = outputs_of(
            self.job,
            status=self.host.status or 0,
            console=self.host.console,
            results=bytes(self.host.results),
        )
        require_reached(self.job, self.counter.hits)
        bottom = self.firmware.symbol("__stack_bottom").address
        top = self.firmware.symbol("__stack_top").address
        stack = self.memory.view(bottom, top - bottom)
        return Run(
            outputs=outputs,
            captured=self.counter.captured,
            instructions=self.counter.instructions,
            layer_instructions=self.counter.layer_instructions,
            arena_touched=self.counter.arena_touched,
            stack_high_water_mark=stack_high_water_mark(self.firmware, stack, self.paint),
            console=self.host.console,
        )
