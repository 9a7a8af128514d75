"""Single changes of a generated project's C: what a slip of the hand, or a bad merge, leaves there.

Constants are found in the text as it was written: tables in weights.c, members of structures and
places in the arena in model.c, the boundary's numbers in model.h. Which of them is changed, and
how, is drawn by seed: first the kind of constant, then the layer, then the place, so that rare
kinds come as often as common ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

WEIGHTS, MODEL, HEADER = "src/aot/weights.c", "src/aot/model.c", "include/model.h"

TABLE = re.compile(
    r"^const (\w+) (forge_(?:layer_(\d+)|state_\d+)_?(\w*))\[\d+\] = "
    r"\{\n(.*?)\n\};",
    re.DOTALL | re.MULTILINE,
)
_STRUCT = re.compile(r"^static const \w+ (layer_(\d+)) = \{\n(.*?)\n\};", re.DOTALL | re.MULTILINE)
_MEMBER = re.compile(r"\.([\w.\[\]]+) = (-?[\d.e+-]+f?),")
_BODY = re.compile(r"^FORGE_LAYER (forge_layer_(\d+))\(int row\) \{\n(.*?)\n\}",
                   re.DOTALL | re.MULTILINE)  # fmt: skip
_PLACE = re.compile(r"forge_arena \+ (\d+)")
_ARENA = re.compile(r"int8_t forge_arena\[(\d+)\]")
_BOUNDARY = re.compile(
    r"#define FORGE_((?:IN|OUT)PUT\w*_(?:SCALE|ZERO_POINT)) "
    r"\(?(-?[\d.e+-]+)f?\)?$",
    re.MULTILINE,
)
_NUMBER = re.compile(r"-?\d+")
_LIMITS = {"int8_t": 127, "uint8_t": 255, "int16_t": 32767, "int32_t": 2**31 - 1}
_ARENA_STEP = 16
_SCALE_CHANGE = 1.01
# A multiplier's change that shows in the eighth bit is the larger one.
_MULTIPLIER_STEPS = (1, 4096)


@dataclass(frozen=True)
class Change:
    """One piece of a file's text and what stands in its place.

    layer: whose constant it is, None of the boundary and the arena. constant: the name in C of the
    table or structure. element: which of it, its number, or "2/5" of two rows.
    """

    kind: str
    layer: int | None
    constant: str
    element: str
    path: str
    begin: int
    end: int
    text: str

    def applied(self, source: str) -> str:
        return source[: self.begin] + self.text + source[self.end :]


@dataclass(frozen=True)
class Spot:
    """Where a change of a kind can be made, and how it is drawn: the text from begin to end."""

    kind: str
    layer: int | None
    make: Callable[[np.random.Generator], Change | None]


def drawn(
    files: Mapping[str, str],
    count: int,
    seed: int,
    *,
    packed: Collection[int] = (),
    instead: Iterable[Spot] = (),
) -> list[Change]:
    """So many changes, each another than the others. files: of a project, by path. packed: layers
    whose tables' words are not the model's constants; instead: what can be changed in them."""
    rng = np.random.default_rng(seed)
    by_kind: dict[str, dict[int | None, list[Spot]]] = {}
    for spot in (*_spots(files, packed), *instead):
        by_kind.setdefault(spot.kind, {}).setdefault(spot.layer, []).append(spot)
    kinds, found = sorted(by_kind), dict[tuple[str, int, str], Change]()
    for _ in range(100 * count):
        layers = by_kind[kinds[rng.integers(len(kinds))]]
        spots = list(layers.values())[rng.integers(len(layers))]
        change = spots[rng.integers(len(spots))].make(rng)
        if change is not None:
            found[change.path, change.begin, change.text] = change
        if len(found) == count:
            break
    return list(found.values())


def _spots(files: Mapping[str, str], packed: Collection[int]) -> Iterator[Spot]:
    yield from _of_tables(files[WEIGHTS], packed)
    yield from _of_members(files[MODEL])
    yield from _of_places(files[MODEL])
    yield from _of_boundary(files[HEADER])


def _of_tables(text: str, packed: Collection[int]) -> Iterator[Spot]:
    tables = [t for t in TABLE.finditer(text) if not (t[3] and int(t[3]) in packed)]
    channels = {m[3]: len(_NUMBER.findall(m[5])) for m in tables if m[4] == "bias"}
    for table in tables:
        layer = int(table[3]) if table[3] else None
        numbers = [m.span() for m in _NUMBER.finditer(text, table.start(5), table.end(5))]
        limit = _LIMITS[table[1]]

        def element(
            steps: Callable[[int, np.random.Generator], int],
            kind: str,
            table: re.Match[str] = table,
            numbers: list[tuple[int, int]] = numbers,
            layer: int | None = layer,
            limit: int = limit,
        ) -> Spot:
            def make(rng: np.random.Generator) -> Change | None:
                at = int(rng.integers(len(numbers)))
                begin, end = numbers[at]
                now = steps(int(text[begin:end]), rng)
                if now == int(text[begin:end]) or not -limit - 1 <= now <= limit:
                    return None
                return Change(kind, layer, table[2], str(at), WEIGHTS, begin, end, str(now))

            return Spot(kind, layer, make)

        if table[4] == "weights":
            yield element(by_one, "weight +-1")
            yield element(lambda _, rng, limit=limit: int(rng.integers(-limit, limit)),
                          "weight replaced")  # fmt: skip
            if channels.get(table[3], 1) > 1:
                yield _exchange(text, table, numbers, channels[table[3]])
        elif table[4].endswith("multiplier"):
            yield element(_multiplied, "multiplier")
        elif table[4].endswith("shift"):
            yield element(by_one, "shift")
        elif table[4] == "bias":
            yield element(lambda value, _: value + 1, "bias")
        else:
            yield element(by_one, "table entry")


def by_one(value: int, rng: np.random.Generator) -> int:
    return value + (1 if rng.integers(2) else -1)


def _multiplied(value: int, rng: np.random.Generator) -> int:
    return value + _MULTIPLIER_STEPS[rng.integers(2)]


def _exchange(text: str, table: re.Match[str], numbers: list[tuple[int, int]], rows: int) -> Spot:
    """Two stretches exchanged, each as long as one channel's share."""
    size = len(numbers) // rows

    def make(rng: np.random.Generator) -> Change | None:
        first, second = sorted(int(v) for v in rng.choice(rows, 2, replace=False))
        values = [text[begin:end] for begin, end in numbers]
        a, b = slice(first * size, (first + 1) * size), slice(second * size, (second + 1) * size)
        if values[a] == values[b]:
            return None
        values[a], values[b] = values[b], values[a]
        begin, end = table.span(5)
        pair = f"{first}/{second}"
        return Change(
            "row order", int(table[3]), table[2], pair, WEIGHTS, begin, end, ", ".join(values)
        )

    return Spot("row order", int(table[3]), make)


def _of_members(text: str) -> Iterator[Spot]:
    for struct in _STRUCT.finditer(text):
        for member in _MEMBER.finditer(text, struct.start(3), struct.end(3)):
            name = member[1].rpartition(".")[2]

            def make(
                rng: np.random.Generator,
                struct: re.Match[str] = struct,
                member: re.Match[str] = member,
                name: str = name,
            ) -> Change | None:
                if member[2].endswith("f"):
                    now = f"{float(member[2][:-1]) * _SCALE_CHANGE:.9g}f"
                elif name.endswith("multiplier") and abs(int(member[2])) > 2**16:
                    now = str(_multiplied(int(member[2]), rng))
                else:
                    now = str(by_one(int(member[2]), rng))
                return Change(
                    _member_kind(name),
                    int(struct[2]),
                    struct[1],
                    member[1],
                    MODEL,
                    *member.span(2),
                    now,
                )

            yield Spot(_member_kind(name), int(struct[2]), make)


def _member_kind(name: str) -> str:
    if name in ("activation_min", "activation_max"):
        return "activation bound"
    for kind in ("zero_point", "multiplier", "shift"):
        if name.endswith(kind) and name != "depth_multiplier":
            return kind.replace("_", " ")
    return "other parameter"


def _of_places(text: str) -> Iterator[Spot]:
    """Of where a layer's rows lie, and how large the arena is."""
    for body in _BODY.finditer(text):
        for place in _PLACE.finditer(text, body.start(3), body.end(3)):

            def make(
                rng: np.random.Generator,
                body: re.Match[str] = body,
                place: re.Match[str] = place,
            ) -> Change | None:
                now = by_one(int(place[1]), rng)
                where = f"forge_arena + {place[1]}"
                return Change(
                    "offset", int(body[2]), body[1], where, MODEL, *place.span(1), str(now)
                )

            yield Spot("offset", int(body[2]), make)
    arena = _ARENA.search(text)
    assert arena is not None

    def resized(rng: np.random.Generator) -> Change:
        now = int(arena[1]) + _ARENA_STEP * (1 + int(rng.integers(4)))
        return Change("arena size", None, "forge_arena", "", MODEL, *arena.span(1), str(now))

    yield Spot("arena size", None, resized)


def _of_boundary(text: str) -> Iterator[Spot]:
    for number in _BOUNDARY.finditer(text):

        def make(rng: np.random.Generator, number: re.Match[str] = number) -> Change:
            now = (
                f"{float(number[2]) * (1 + 1e-3 * int(rng.integers(1, 20))):.9g}"
                if number[1].endswith("SCALE")
                else str(by_one(int(number[2]), rng))
            )
            return Change("boundary", None, f"FORGE_{number[1]}", "", HEADER, *number.span(2), now)

        yield Spot("boundary", None, make)
