"""What is in a linked ELF: symbols, memory used, and the bytes to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError

_KINDS = {"STT_FUNC": "function", "STT_OBJECT": "object", "STT_NOTYPE": "label"}


@dataclass(frozen=True)
class Symbol:
    """address: without the Thumb bit. size: bytes, 0 where the object file states none.

    kind: "function", "object" or "label". section: name, "" for an absolute symbol.
    """

    address: int
    size: int
    kind: str
    section: str


@dataclass(frozen=True)
class Segment:
    """Bytes to load at a physical address, before the firmware starts. lies_at: where the firmware
    has them once it runs: elsewhere where it copies them to RAM."""

    address: int
    data: bytes = field(repr=False)
    lies_at: int


@dataclass(frozen=True)
class Firmware:
    """A linked ELF for a core, or a shared library for the host.

    entry: address of Reset_Handler without the Thumb bit.
    flash_bytes: from the base of flash to the last byte loaded there, so that code, constants,
    the initial values of .data and all padding count.
    data_bytes, bss_bytes: RAM with and without initial values; the stack is in neither.
    core: None for a host library. Its sizes would mean nothing on a device: they are 0, and only
    path is set.
    """

    path: Path
    core: Core | None
    memory: MemoryMap
    entry: int = 0
    symbols: Mapping[str, Symbol] = field(default_factory=dict, repr=False)
    segments: tuple[Segment, ...] = field(default=(), repr=False)
    flash_bytes: int = 0
    data_bytes: int = 0
    bss_bytes: int = 0

    @classmethod
    def load(cls, path: Path, *, core: Core, memory: MemoryMap) -> Firmware:
        """Reads a linked ELF. ForgeError when it is none, or was linked for other memories."""
        try:
            with path.open("rb") as stream:
                return _read(ELFFile(stream), path, core, memory)
        except (OSError, ELFError) as error:
            raise ForgeError(
                f"not a readable ELF file: {error}",
                where=str(path),
                fix="build the firmware again",
            ) from error

    def symbol(self, name: str) -> Symbol:
        """ForgeError when the ELF has no such symbol."""
        if name not in self.symbols:
            raise ForgeError(
                f"the firmware has no symbol {name!r}",
                where=str(self.path),
                fix="build the firmware again with this version of tinyforge; a function that is"
                " inlined or static cannot be observed",
            )
        return self.symbols[name]

    def code(self, address: int, size: int) -> bytes:
        """What is there when the firmware has started: loaded there, or copied there to RAM.
        IndexError unless all of it lies in one segment."""
        for segment in self.segments:
            begin = address - segment.lies_at
            if begin >= 0 and begin + size <= len(segment.data):
                return segment.data[begin : begin + size]
        raise IndexError(f"no {size} bytes are loaded at 0x{address:08x}")

    def region(self, name: str) -> str:
        """The memory that a symbol lies in: "flash", "ram", or "" for neither."""
        address = self.symbol(name).address
        if contains(self.memory.flash, address):
            return "flash"
        return "ram" if contains(self.memory.ram, address) else ""

    def function_at(self, address: int) -> str:
        """The function that holds an address, "?" where none does."""
        for name, symbol in self.symbols.items():
            if symbol.kind == "function" and 0 <= address - symbol.address < max(symbol.size, 2):
                return name
        return "?"

    def object_before(self, address: int) -> tuple[str, Symbol] | None:
        """The last object that begins at an address or before, in the same memory."""
        same = [r for r in (self.memory.flash, self.memory.ram) if contains(r, address)]
        objects = [
            (symbol.address, name)
            for name, symbol in self.symbols.items()
            if symbol.kind == "object"
            and symbol.address <= address
            and any(contains(region, symbol.address) for region in same)
        ]
        if not objects:
            return None
        _, name = max(objects)
        return name, self.symbols[name]


def contains(region: Region, address: int, size: int = 1) -> bool:
    """Whether size bytes from address lie in the region."""
    return region.base <= address and address + size <= region.base + region.size


def _read(elf: ELFFile, path: Path, core: Core, memory: MemoryMap) -> Firmware:
    segments = tuple(
        Segment(segment["p_paddr"], segment.data(), segment["p_vaddr"])
        for segment in elf.iter_segments("PT_LOAD")
        if segment["p_filesz"]
    )
    for segment in segments:
        if not contains(memory.flash, segment.address, len(segment.data)):
            raise ForgeError(
                f"the firmware loads {len(segment.data)} bytes at 0x{segment.address:08x}, "
                "outside the flash it is to run in",
                where=str(path),
                fix="link it with the memory map of the machine or board that runs it",
            )
    data_bytes, bss_bytes = _ram_use(elf, memory.ram)
    ends = [segment.address + len(segment.data) for segment in segments]
    return Firmware(
        path=path,
        core=core,
        memory=memory,
        entry=elf["e_entry"] & ~1,
        symbols=_with_whole_arena(symbols_of(elf)),
        segments=segments,
        flash_bytes=max(ends, default=memory.flash.base) - memory.flash.base,
        data_bytes=data_bytes,
        bss_bytes=bss_bytes,
    )


def _ram_use(elf: ELFFile, ram: Region) -> tuple[int, int]:
    """Bytes of RAM sections (with, without) initial values, alignment gaps included.

    A gap counts with the section that follows it: it is as unusable as the section is.
    """
    data = bss = 0
    end = ram.base
    sections = [s for s in elf.iter_sections() if s["sh_flags"] & SH_FLAGS.SHF_ALLOC]
    for section in sorted(sections, key=lambda s: int(s["sh_addr"])):
        address, size = section["sh_addr"], section["sh_size"]
        if section.name == ".stack" or not size or not contains(ram, address, size):
            continue
        used = address + size - end
        end = address + size
        if section["sh_type"] == "SHT_NOBITS":
            bss += used
        else:
            data += used
    return data, bss


def symbols_of(elf: ELFFile) -> dict[str, Symbol]:
    """What a linked ELF names, by name; of several of one name the last."""
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return {}
    found = {}
    for entry in table.iter_symbols():
        kind = _KINDS.get(entry["st_info"]["type"])
        # "$t" and "$d" are the ABI's mapping symbols: they mark code and data, and repeat.
        if not entry.name or kind is None or entry.name.startswith("$"):
            continue
        if entry["st_shndx"] == "SHN_UNDEF":
            continue
        address = entry["st_value"] & ~1 if kind == "function" else entry["st_value"]
        found[entry.name] = Symbol(address, entry["st_size"], kind, _section_of(elf, entry))
    return found


def _with_whole_arena(symbols: dict[str, Symbol]) -> dict[str, Symbol]:
    """Of an arena in two memories, which were linked one behind the other, one that is both."""
    first, second = (symbols.get(name) for name in ("forge_arena", "forge_large_arena"))
    if first is None or second is None or first.address + first.size != second.address:
        return symbols
    return symbols | {"forge_arena": replace(first, size=first.size + second.size)}


def _section_of(elf: ELFFile, entry: Any) -> str:
    index = entry["st_shndx"]
    return str(elf.get_section(index).name) if isinstance(index, int) else ""
