"""What is known of one board: a frozen record, decoded strictly from one TOML file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from tinyforge.boards.cores import CORES, Core, core_named, full_name
from tinyforge.boards.flash_reads import FlashReads, MemorySystem
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.boards.power import Power
from tinyforge.errors import ForgeError

# The cores that boards may have but that nothing here emulates.
XTENSA = ("xtensa-lx6", "xtensa-lx7")

# Frameworks that leave -mfpu and -mfloat-abi to the project. Source: platform-ststm32's
# builder/frameworks, which give -mcpu alone; Arduino's, Zephyr's and Mbed's own builds set them.
_WITHOUT_FPU_FLAGS = ("cmsis", "libopencm3", "spl", "stm32cube")

# Bytes of the quick RAM that no model is given.
_KEPT = 16384

# Board strings end up as INI values and section names, so their alphabets are closed here.
_Word = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
_Version = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,7}(\.[0-9]{1,7}){1,2}\Z")]
_Package = Annotated[
    str, msgspec.Meta(pattern=r"\A([a-z0-9][a-z0-9_-]*/)?[a-z0-9][a-z0-9_-]*@[~^]?[0-9.]{1,20}\Z")
]
_Title = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9 ()+./_-]{0,79}\Z")]
_Address = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
_Size = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]

DeviceClass = Literal["watch", "drone"]


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One memory of the microcontroller.

    size: bytes from base that a program may lay out. usable: how many of them static data or
    code can really take, where a bootloader, partition or linker script leaves fewer.
    """

    name: _Title
    base: _Address
    size: _Size
    usable: _Size | None = None

    def __post_init__(self) -> None:
        if self.base + self.size > 2**32:
            raise ValueError(f"memory {self.name} ends beyond the 32-bit address space")
        if self.usable is not None and self.usable > self.size:
            raise ValueError(f"memory {self.name} has more usable bytes than bytes")

    @property
    def limit(self) -> int:
        """The bytes a program can take."""
        return self.size if self.usable is None else self.usable

    @property
    def region(self) -> Region:
        return Region(self.base, self.limit)


class Flash(Memory, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The memory that code and weights lie in. reads: how it is read; None where that is not known
    well enough to be simulated."""

    reads: FlashReads | None = None


class PlatformIO(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How PlatformIO spells the board.

    board: its id there. version: the development platform's, patch releases are accepted.
    frameworks: what its manifest lists; the first is the one we generate for.
    debug_tool: the debugger on the board, else one that PlatformIO knows for it; None without one.
    packages: packages pinned instead of the platform's defaults.
    """

    board: _Word
    platform: _Word
    version: _Version
    frameworks: Annotated[tuple[_Word, ...], msgspec.Meta(min_length=1)]
    upload_protocol: _Word
    debug_tool: _Word | None = None
    monitor_speed: Annotated[int, msgspec.Meta(ge=300, le=4_000_000)]
    packages: tuple[_Package, ...] = ()


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One board. id: what --board takes. classes: what it is carried by.

    core: a key of CORES, or an Xtensa core, which is built for but not emulated.
    fpu: the floating point unit as -mfpu spells it, "" for none. mhz: the clock it runs at.
    flash_wait_states: at that clock, prefetch and caches off; None where code runs from RAM or
    from external flash behind a cache, for which there is no single figure.
    ram: every RAM; the first holds .data, .bss, the arena and the stack.
    power: what it draws; None where no data sheet's figure is known here.
    """

    id: _Word
    name: _Title
    classes: Annotated[tuple[DeviceClass, ...], msgspec.Meta(min_length=1)]
    mcu: _Word
    core: _Word
    fpu: Literal["", "fpv4-sp-d16", "fpv5-sp-d16", "fpv5-d16", "xtensa"]
    mhz: Annotated[int, msgspec.Meta(ge=1, le=4000)]
    flash_wait_states: Annotated[int, msgspec.Meta(ge=0, le=15)] | None = None
    flash: Flash
    ram: Annotated[tuple[Memory, ...], msgspec.Meta(min_length=1)]
    platformio: PlatformIO
    power: Power | None = None

    def __post_init__(self) -> None:
        if self.core not in CORES and self.core not in XTENSA:
            raise ValueError(f"unknown core {self.core!r}, known: {', '.join((*CORES, *XTENSA))}")
        if self.flash.reads is not None and self.flash_wait_states is None:
            raise ValueError("flash.reads says how to hide flash_wait_states, which is missing")

    @property
    def emulated(self) -> bool:
        """Whether firmware for this board's core can be run on the host."""
        return self.core in CORES

    @property
    def ram_limit(self) -> int:
        """Bytes of RAM that .data, .bss, arena and stack can take together."""
        return self.ram[0].limit

    @property
    def slow_ram(self) -> int:
        """Where in them loads begin to wait; their end where none does."""
        slow = self.flash.reads.slow_ram if self.flash.reads else None
        return self.ram_limit if slow is None else min(slow, self.ram_limit)

    @property
    def quick_ram(self) -> int:
        """Bytes that a model can have of what is loaded without waiting: some are kept for the
        stack, and for what applications have."""
        return max(0, self.slow_ram - _KEPT)

    def with_quick_stack(self, nbytes: int) -> Board:
        """With the quick part of its RAM alone where a model of so many bytes has room: at the
        end of RAM linkers put the stack. Else as it is."""
        if self.slow_ram == self.ram_limit or nbytes > self.quick_ram:
            return self
        quick = msgspec.structs.replace(self.ram[0], usable=self.slow_ram)
        return msgspec.structs.replace(self, ram=(quick, *self.ram[1:]))

    @property
    def flash_limit(self) -> int:
        """Bytes of flash that code, constants and weights can take together."""
        return self.flash.limit

    @property
    def memory_system(self) -> MemorySystem | None:
        """What cycles are simulated with; None where too little is known of it."""
        waits, reads = self.flash_wait_states, self.flash.reads
        if waits is None or reads is None:
            return None
        return MemorySystem(wait_states=waits, reads=reads)

    @property
    def framework(self) -> str:
        """The framework that projects are generated for."""
        return self.platformio.frameworks[0]

    @property
    def fpu_flags(self) -> tuple[str, ...]:
        """What compiler, assembler and linker must be told of the floating point unit; nothing
        where the framework does that."""
        if self.framework not in _WITHOUT_FPU_FLAGS or not self.fpu:
            return ()
        return (f"-mfpu={self.fpu}", "-mfloat-abi=hard")

    def core_model(self) -> Core:
        """The core's row in CORES. ForgeError for the Xtensa cores."""
        if not self.emulated:
            raise ForgeError(
                f"the {self.core} core of {self.id} cannot be emulated",
                where=f"board {self.id}",
                fix="prove the same C on another core: tinyforge build --core cortex-m4; "
                "or write the project unproved: tinyforge generate",
            )
        return CORES[self.core]

    def with_core(self, name: str | None) -> Board:
        """The board with another core, known to CORES, in place of its own; None: as it is.

        ForgeError for a core that is not emulated.
        """
        if name is None:
            return self
        return msgspec.structs.replace(self, core=core_named(full_name(name)).name)

    def memory_map(self) -> MemoryMap:
        """Flash and main RAM as the linker script and the machine take them: whole pages."""
        return MemoryMap(flash=self.flash.region.pages(), ram=self.ram[0].region.pages())
