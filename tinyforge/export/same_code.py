"""That a library's code is the code that was proved: object by object, but for names.

Of each pair of sources, the project's and the library's, one compiler makes an object. Every byte
of code and data in these must be equal, and every place that the linker fills must name the same
symbol, under its name in the library. So what was shown of the one firmware is true of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import Section, SymbolTableSection

from tinyforge.errors import ForgeError
from tinyforge.export.naming import Naming

_FIX = "this is a defect of tinyforge: please report it, with the model"


@dataclass(frozen=True)
class Pair:
    """Objects of one source, as proved and as exported. path: of the exported source."""

    path: str
    proved: Path
    exported: Path


def require_same(pairs: Iterable[Pair], naming: Naming) -> int:
    """How many bytes of code and data were compared. naming: of the library, whose arena may lie
    elsewhere. ForgeError with the first section that differs."""
    arena = {naming.name("forge_arena"), naming.name("forge_large_arena")}
    return sum(_require_same(pair, naming.name, arena) for pair in pairs)


def _require_same(pair: Pair, name: Callable[[str], str], arena: Set[str]) -> int:
    proved, exported = _code(pair.proved, name, arena), _code(pair.exported, str, arena)
    for one, other in zip_longest(proved, exported):
        if one != other:
            raise ForgeError(
                f"the code of {(other or one)[0]} is not what was proved", where=pair.path, fix=_FIX
            )
    return sum(len(section[-1]) for section in exported)


def _code(path: Path, name: Callable[[str], str], arena: Set[str]) -> list[tuple[Any, ...]]:
    """What an object puts into a firmware, but for the arena: of each section its name, symbols,
    what the linker fills in, and its bytes; sorted."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = list(table.iter_symbols())
        own = {s["st_shndx"] for s in symbols if name(s.name) in arena}
        return sorted(
            (
                _named(section.name, name),
                section["sh_type"],
                section["sh_size"],
                _symbols(symbols, number, name),
                tuple(_filled(elf, number, name)),
                b"" if section["sh_type"] == "SHT_NOBITS" else section.data(),
            )
            for number, section in enumerate(elf.iter_sections())
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
            # zig has an empty section for common symbols, which linkers drop.
            if number not in own and section.name != "COMMON"
        )


def _symbols(
    symbols: Iterable[Any], section: int, name: Callable[[str], str]
) -> tuple[tuple[Any, ...], ...]:
    """What is defined in a section: names, places, sizes, and whether others see it."""
    there = (s for s in symbols if s["st_shndx"] == section and s.name)
    return tuple(
        sorted((name(s.name), s["st_value"], s["st_size"], *s["st_info"].values()) for s in there)
    )


def _filled(elf: ELFFile, number: int, name: Callable[[str], str]) -> Iterator[tuple[object, ...]]:
    """Where in a section the linker puts what."""
    for relocations in elf.iter_sections():
        if isinstance(relocations, RelocationSection) and relocations["sh_info"] == number:
            symbols: Any = elf.get_section(relocations["sh_link"])
            for one in relocations.iter_relocations():
                symbol = symbols.get_symbol(one["r_info_sym"])
                addend = one["r_addend"] if one.is_RELA() else 0
                yield one["r_offset"], one["r_info_type"], _target(elf, symbol, name), addend


def _target(elf: ELFFile, symbol: Any, name: Callable[[str], str]) -> tuple[str, int]:
    """What a symbol stands for: its name, or for a section's own symbol that section's."""
    if symbol.name:
        return name(symbol.name), 0
    section: Section = elf.get_section(symbol["st_shndx"])
    return _named(section.name, name), symbol["st_value"]


def _named(section: str, name: Callable[[str], str]) -> str:
    """A section's name, which holds that of what lies there: .text.forge_invoke."""
    return ".".join(name(word) for word in section.split("."))
