"""Thumb machine code as the cycle model sees it: what each instruction moves, and where to."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any

from tinyforge.errors import ForgeError


class Kind(Enum):
    """Instructions that cost the same."""

    PLAIN = auto()  # data processing, multiplications; a branch, but for its taking
    DIVIDE = auto()
    LOAD = auto()  # one register
    LOAD_DOUBLE = auto()
    LOAD_MULTIPLE = auto()  # with VLDR, which moves one register or a pair
    STORE = auto()
    STORE_DOUBLE = auto()
    STORE_MULTIPLE = auto()
    TO_FLOAT = auto()  # VMOV from a core register
    TABLE_BRANCH = auto()
    IT = auto()


# Mnemonics, as capstone numbers them: ARM_INS_*. All others are PLAIN.
_MNEMONICS = {
    Kind.DIVIDE: "SDIV UDIV",
    Kind.LOAD: "LDR LDRB LDRSB LDRH LDRSH",
    Kind.LOAD_DOUBLE: "LDRD",
    Kind.LOAD_MULTIPLE: "LDM LDMDB POP VLDR VLDMIA VLDMDB VPOP",
    Kind.STORE: "STR STRB STRH",
    Kind.STORE_DOUBLE: "STRD",
    Kind.STORE_MULTIPLE: "STM STMDB PUSH VSTR VSTMIA VSTMDB VPUSH",
    Kind.TABLE_BRANCH: "TBB TBH",
    Kind.IT: "IT",
}
_MOVING = (
    *(Kind.LOAD, Kind.LOAD_DOUBLE, Kind.LOAD_MULTIPLE),
    *(Kind.STORE, Kind.STORE_DOUBLE, Kind.STORE_MULTIPLE),
)
_ON_THE_STACK = "POP PUSH VPOP VPUSH"
# Bytes that these move at once; others move words.
_NARROW = {"LDRB LDRSB STRB TBB": 1, "LDRH LDRSH STRH TBH": 2}
_FLOAT = re.compile(r"[sd]\d+")


@dataclass(frozen=True)
class Instruction:
    """kind: what it costs. nbytes: its own. words: how many a load or a store moves, of word_bytes
    each; a branch by table loads one.

    base, offset: the registers that make up an address, "" for none. results: the registers that it
    writes, but for a base that it moves on.
    """

    kind: Kind
    nbytes: int
    words: int
    word_bytes: int
    base: str
    offset: str
    results: frozenset[str]

    @property
    def loads(self) -> bool:
        return self.kind in (Kind.LOAD, Kind.LOAD_DOUBLE, Kind.LOAD_MULTIPLE)

    @property
    def reads(self) -> bool:
        """Whether the data that it moves come from memory."""
        return self.loads or self.kind is Kind.TABLE_BRANCH

    def addressed_by(self, other: Instruction) -> bool:
        """Whether the other instruction's result is part of this one's address."""
        return self.base in other.results or self.offset in other.results


def installed() -> bool:
    """Whether there is a disassembler: code cannot be decoded without."""
    return importlib.util.find_spec("capstone") is not None


def decode(code: bytes, address: int) -> tuple[Instruction, ...]:
    """Straight-line Thumb code. ForgeError when it holds what is no instruction of a Cortex-M4."""
    found = list(_disassembler().disasm(code, address))
    end = found[-1].address + found[-1].size if found else address
    if end != address + len(code):
        raise ForgeError(
            f"cannot decode the instruction at 0x{end:08x}",
            fix="report this model as a defect of tinyforge",
        )
    return tuple(map(_instruction, found))


@cache
def _disassembler() -> Any:
    import capstone

    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    engine.detail = True
    return engine


@cache
def _numbers(mnemonics: str) -> frozenset[int]:
    from capstone import arm

    return frozenset(getattr(arm, f"ARM_INS_{name}") for name in mnemonics.split())


def _instruction(insn: Any) -> Instruction:
    from capstone import arm

    name = insn.reg_name
    kind = next((k for k, m in _MNEMONICS.items() if insn.id in _numbers(m)), Kind.PLAIN)
    registers = [name(o.reg) for o in insn.operands if o.type == arm.ARM_OP_REG]
    base = offset = ""
    for memory in (o.mem for o in insn.operands if o.type == arm.ARM_OP_MEM):
        base, offset = name(memory.base), name(memory.index) or ""
    stack = insn.id in _numbers(_ON_THE_STACK)
    if stack:
        base = "sp"
    elif kind in (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE) and not base:
        base = registers.pop(0)
    elif insn.id == arm.ARM_INS_VMOV and _moves_to_float(registers):
        kind = Kind.TO_FLOAT
    writes_base = insn.writeback or stack
    results = {name(register) for register in insn.regs_access()[1]}
    return Instruction(
        kind=kind,
        nbytes=insn.size,
        words=_moved(kind, registers),
        word_bytes=next((b for m, b in _NARROW.items() if insn.id in _numbers(m)), 4),
        base=base,
        offset=offset,
        results=frozenset(results - {base} if writes_base else results),
    )


def _moves_to_float(registers: list[str]) -> bool:
    return bool(_FLOAT.fullmatch(registers[0])) and not _FLOAT.fullmatch(registers[-1])


def _moved(kind: Kind, registers: list[str]) -> int:
    """Words of data: of what the model knows to move any."""
    if kind is Kind.TABLE_BRANCH:
        return 1
    return _words(registers) if kind in _MOVING else 0


def _words(registers: list[str]) -> int:
    """Words of memory that registers take: d0 to d31 are pairs."""
    return sum(2 if name.startswith("d") else 1 for name in registers)
