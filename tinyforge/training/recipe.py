"""What is done to a model to make one of its variants."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.errors import ForgeError

# In the order in which they are done, each to what the one before it left.
REMOVED, PRUNED, BLOCKS, CLUSTERED, QAT = STEPS = (
    "removed",
    "pruned",
    "blocks",
    "clustered",
    "qat",
)
_FLOAT, _INT8 = "float", "int8"
# Different weights of a kernel: with zeros among them the toolkit takes no fewer, and int8 has no
# more values.
_FEWEST, _MOST = 3, 256
USUAL = (
    "float",
    "pruned",
    "int8",
    "pruned+int8",
    "blocks+int8",
    "removed+int8",
    "qat",
    "pruned+qat",
)


@dataclass(frozen=True)
class Recipe:
    """steps: of STEPS, in their order. int8: whether what they leave is quantized; after qat it
    is."""

    steps: tuple[str, ...] = ()
    int8: bool = False

    @property
    def name(self) -> str:
        """As `--variants` and reports have it: "pruned+int8"."""
        last = (_INT8,) if self.int8 and QAT not in self.steps else ()
        return "+".join((*self.steps, *last)) or _FLOAT


@dataclass(frozen=True)
class Amounts:
    """How much of it. sparsity: of each kernel's weights those that become zero, of the
    multiply-adds those that channels are removed for; from 0 to 1. clusters: different weights of
    a kernel. channels: of the multiply-adds, where that is another share. by_layer: of the weights
    of layers by name, where they have their own. trained: False: what removing and pruning leaves
    does not learn to make up for it; it takes as much."""

    sparsity: float = 0.75
    clusters: int = 16
    channels: float | None = None
    by_layer: tuple[tuple[str, float], ...] = ()
    trained: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise ForgeError(
                f"sparsity {self.sparsity} is not between 0 and 1", fix="e.g. --sparsity 0.75"
            )
        require_clusters(self.clusters, "--clusters")


def require_clusters(count: int, option: str = "--cluster") -> None:
    """ForgeError for a number of different weights that a layer cannot have. option: that gave
    it."""
    if not _FEWEST <= count <= _MOST:
        raise ForgeError(
            f"{count} different weights in a layer cannot be",
            fix=f"e.g. {option} 16; {_FEWEST} to {_MOST}",
        )


def recipes(names: str | None = None) -> tuple[Recipe, ...]:
    """The recipes of these names, with commas between; None: the usual ones. ForgeError for others.

    A name is steps with + between, in any order, and int8; or float alone.
    """
    asked = USUAL if names is None else [name.strip() for name in names.split(",")]
    return tuple(dict.fromkeys(map(_recipe, asked)))


def _recipe(name: str) -> Recipe:
    words = name.split("+")
    steps = tuple(step for step in STEPS if step in words)
    strange = [word for word in words if word not in (*STEPS, _INT8)]
    if (strange and words != [_FLOAT]) or len(set(words)) < len(words):
        raise ForgeError(
            f"{name!r} is no variant that is known",
            where="--variants",
            fix=f"float, or some of {', '.join((*STEPS, _INT8))} with + between; commas between "
            f"variants: {','.join(USUAL)}",
        )
    if {PRUNED, BLOCKS} <= set(steps):
        raise ForgeError(
            f"{name!r}: weights become zero one by one, or in blocks",
            where="--variants",
            fix=f"leave {PRUNED} or {BLOCKS} out",
        )
    return Recipe(steps, int8=_INT8 in words or QAT in steps)
