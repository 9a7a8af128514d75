"""A model's constants as they lie in the firmware, each against the graph's lowering.

Not every wrong constant shows in an answer. So all of them are read back: tables from the linked
ELF, by their symbols, those in RAM from what is copied there when the device starts; a kernel's
parameters, which the optimizer takes into its code, from an object that the same compiler makes of
the same source without optimizing. So are tables that it leaves out, because a layer's output is
one value whatever they hold.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tinyforge.boards.cores import Core
from tinyforge.engines.base import Lowered, layer_of
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.project.layout import sources_for
from tinyforge.sim.base import Toolchain
from tinyforge.sim.elf import Firmware

_MODEL, _WEIGHTS = (Path("src") / "aot" / name for name in ("model.c", "weights.c"))
_FIX = "write the project's sources anew: tinyforge generate --overwrite"
# DWARF 5, 7.8: encodings of base types, and struct's letters by their bytes.
_FLOAT, _UNSIGNED = 0x04, (0x02, 0x07, 0x08)
_LETTERS = {1: "b", 2: "h", 4: "i", 8: "q"}

# A number, or the name of the symbol that a pointer is filled with.
Value = int | float | str


@dataclass(frozen=True)
class Constants:
    """count: that were compared, elements of tables and members of structures. without_influence:
    layers (operator indices) with tables that the compiler left out of the firmware."""

    count: int = 0
    without_influence: tuple[int, ...] = ()


def require_constants(
    firmware: Firmware,
    folder: Path,
    lowered: Lowered,
    graph: Graph,
    *,
    compiler: Toolchain,
    output: Path,
) -> Constants:
    """Compares all of a project's constants; none where firmware is a library of this computer.

    folder: the project. output: beside which the compiler may write. ForgeError with the first
    constant that is another than the graph says: its layer, what was expected, what was found; and
    where a table is missing that a layer's output depends on.
    """
    if firmware.core is None:  # nobody ships it
        return Constants()
    missing = [name for name in lowered.tables if name not in firmware.symbols]
    idle = {_require_idle(name, lowered, graph) for name in missing}
    count = require_tables(firmware, lowered, graph)
    count += require_sources(
        folder, lowered, graph,
        compiler=compiler, core=firmware.core, output=output, tables=missing,
    )  # fmt: skip
    return Constants(count, tuple(sorted(idle)))


def require_sources(
    folder: Path,
    lowered: Lowered,
    graph: Graph,
    *,
    compiler: Toolchain,
    core: Core,
    output: Path,
    tables: Collection[str],
) -> int:
    """How many elements of those tables, and members of structures, the sources in a project's
    folder state. output: beside which the compiler may write. ForgeError as above."""
    _, include = sources_for(folder, "aot", "sim")

    def compiled(source: Path) -> Path:
        path = folder / source
        return compiler.compile_to_read(path, include=include, core=core, output=output)

    count = require_parameters(compiled(_MODEL), lowered, graph)
    if tables:
        with compiled(_WEIGHTS).open("rb") as stream:
            elf = ELFFile(stream)
            count += sum(
                _require_table(_object(elf, name).data, name, lowered, graph) for name in tables
            )
    return count


def require_tables(firmware: Firmware, lowered: Lowered, graph: Graph) -> int:
    """How many elements of tables there are in an ELF. ForgeError as above."""
    there = [name for name in lowered.tables if name in firmware.symbols]
    return sum(
        _require_table(_in_place(firmware, name, lowered, graph), name, lowered, graph)
        for name in there
    )


def _in_place(firmware: Firmware, name: str, lowered: Lowered, graph: Graph) -> bytes:
    """A table's bytes. ForgeError unless they lie in the memory that they were planned for."""
    place, found = "ram" if name in lowered.in_ram else "flash", firmware.region(name)
    if found != place:
        raise _wrong(graph, name, f"in {place}", f"in {found}")
    symbol = firmware.symbol(name)
    return firmware.code(symbol.address, symbol.size)


def _require_table(data: bytes, name: str, lowered: Lowered, graph: Graph) -> int:
    table = lowered.tables[name]
    expected = table.values.astype(table.dtype).reshape(-1)
    found = np.frombuffer(data, table.dtype.newbyteorder("<"))
    if len(found) != len(expected):
        raise _wrong(graph, name, f"{len(expected)} elements", f"{len(found)} elements")
    wrong = np.flatnonzero(found.view(f"u{found.itemsize}") != expected.view(f"u{found.itemsize}"))
    if len(wrong):
        at = int(wrong[0])
        raise _wrong(graph, f"{name}[{at}]", expected[at].item(), found[at].item())
    return len(expected)


def _require_idle(name: str, lowered: Lowered, graph: Graph) -> int:
    """The layer of a table that the firmware lacks. ForgeError unless that layer gives one value
    alone: an activation's bounds coincide."""
    layer = layer_of(name)
    if layer is not None:
        members = lowered.parameters[f"layer_{layer}"]
        found = {member.rpartition(".")[2]: value for member, value in members.items()}
        low, high = (found.get(f"activation_{end}") for end in ("min", "max"))
        if low is not None and low == high:
            return layer
    raise ForgeError(
        f"the firmware lacks the constant {name}, which its layer's output depends on",
        where=_where(graph, layer),
        fix=_FIX,
    )


def require_parameters(compiled: Path, lowered: Lowered, graph: Graph) -> int:
    """How many members of structures are stated in an object of model.c; what C makes 0 because no
    initializer states it, must be 0. ForgeError as above."""
    expected = {name: members for name, members in lowered.parameters.items() if members}
    found = structures(compiled, expected)
    for name, members in expected.items():
        there = found.get(name, {})
        for member, value in (dict.fromkeys(there, 0) | dict(members)).items():
            same = there.get(member) == (np.float32(value) if isinstance(value, float) else value)
            if not same:
                raise _wrong(graph, f"{name}.{member}", value, there.get(member, "nothing"))
    return sum(map(len, expected.values()))


def _wrong(graph: Graph, constant: str, expected: Value, found: Value) -> ForgeError:
    return ForgeError(
        f"the constant {constant} is {found} in the firmware; the model says {expected}",
        where=_where(graph, layer_of(constant)),
        fix=_FIX,
    )


def _where(graph: Graph, layer: int | None) -> str:
    return graph.name if layer is None else graph.where(graph.operators[layer])


def structures(path: Path, names: Mapping[str, object]) -> dict[str, dict[str, Value]]:
    """The members of constant structures in an object file, by the structures' names; members of
    structures within are named with dots."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        types = {}
        for unit in elf.get_dwarf_info().iter_CUs():
            for entry in unit.get_top_DIE().iter_children():
                name = entry.attributes.get("DW_AT_name")
                if entry.tag == "DW_TAG_variable" and name and name.value.decode() in names:
                    types[name.value.decode()] = entry.get_DIE_from_attribute("DW_AT_type")
        return {name: dict(_members(_object(elf, name), kind)) for name, kind in types.items()}


@dataclass(frozen=True)
class _Object:
    """A constant in an object file: its bytes, and by their offsets the symbols that its pointers
    are filled with."""

    data: bytes
    pointers: Mapping[int, str]


def _object(elf: ELFFile, name: str) -> _Object:
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    named = table.get_symbol_by_name(name) or []
    symbol = next((s for s in named if s["st_info"]["type"] == "STT_OBJECT"), None)
    if symbol is None:
        raise ForgeError(f"the sources define no constant {name}", fix=_FIX)
    section = elf.get_section(symbol["st_shndx"])
    begin = symbol["st_value"]
    pointers = {
        relocation["r_offset"] - begin: table.get_symbol(relocation["r_info_sym"]).name
        for prefix in (".rel", ".rela")
        if (relocations := elf.get_section_by_name(prefix + section.name)) is not None
        for relocation in relocations.iter_relocations()
    }
    return _Object(section.data()[begin : begin + symbol["st_size"]], pointers)


def _members(found: _Object, kind: Any) -> Iterator[tuple[str, Value]]:
    return _walk(kind, "", 0, found.data, found.pointers)


def _resolved(kind: Any) -> Any:
    """A type without qualifiers and names of its own."""
    while kind.tag in ("DW_TAG_const_type", "DW_TAG_typedef", "DW_TAG_volatile_type"):
        kind = kind.get_DIE_from_attribute("DW_AT_type")
    return kind


def _walk(
    kind: Any, name: str, at: int, data: bytes, pointers: Mapping[int, str]
) -> Iterator[tuple[str, Value]]:
    """The numbers and pointers in what lies there, under the names that C gives them."""
    kind = _resolved(kind)
    if kind.tag == "DW_TAG_structure_type":
        for member in kind.iter_children():
            if member.tag == "DW_TAG_member":
                own = member.attributes["DW_AT_name"].value.decode()
                begin = at + member.attributes["DW_AT_data_member_location"].value
                inner = member.get_DIE_from_attribute("DW_AT_type")
                yield from _walk(inner, f"{name}.{own}" if name else own, begin, data, pointers)
    elif kind.tag == "DW_TAG_array_type":
        element = _resolved(kind.get_DIE_from_attribute("DW_AT_type"))
        size = element.attributes["DW_AT_byte_size"].value
        for number, index in enumerate(_indices(kind)):
            yield from _walk(element, name + index, at + number * size, data, pointers)
    elif kind.tag == "DW_TAG_pointer_type":
        yield name, pointers.get(at, 0)
    elif kind.tag in ("DW_TAG_base_type", "DW_TAG_enumeration_type"):
        yield name, _number(kind, data, at)


def _indices(array: Any) -> list[str]:
    """Of an array's elements as they lie there: "[0]", or "[0][0]" of two dimensions."""
    found = [""]
    for bound in array.iter_children():
        last = bound.attributes.get("DW_AT_upper_bound")
        count = last.value + 1 if last is not None else bound.attributes["DW_AT_count"].value
        found = [f"{outer}[{i}]" for outer in found for i in range(count)]
    return found


def _number(kind: Any, data: bytes, at: int) -> Value:
    size = kind.attributes["DW_AT_byte_size"].value
    encoding = kind.attributes.get("DW_AT_encoding")
    letter = _LETTERS[size]
    if encoding is not None and encoding.value == _FLOAT:
        letter = {4: "f", 8: "d"}[size]
    elif encoding is not None and encoding.value in _UNSIGNED:
        letter = letter.upper()
    value: Value = struct.unpack_from(f"<{letter}", data, at)[0]
    return value
