"""What is done to a model to make one of its variants."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyforge.errors import ForgeError
from tinyforge.spec import StructureChoice


@dataclass(frozen=True)
class Recipe:
    """name: as `--variants` and reports have it. sparsity: share of the weights of each kernel that
    become zero, with fine-tuning; 0 leaves them as they are. structure: which of them together.
    int8: whether it is quantized then."""

    name: str
    sparsity: float = 0.0
    structure: StructureChoice = "unstructured"
    int8: bool = False

    @property
    def tuning(self) -> Recipe:
        """What is to be trained for it: recipes that have this in common share a Keras model."""
        return replace(self, name="", int8=False)


def recipes(sparsity: float, names: str | None = None) -> tuple[Recipe, ...]:
    """The recipes of these names, with commas between; None: all.

    sparsity: of those that prune. ForgeError for other names, and for a sparsity that is no share.
    """
    if not 0 < sparsity < 1:
        raise ForgeError(f"sparsity {sparsity} is not between 0 and 1", fix="e.g. --sparsity 0.75")
    known = {
        recipe.name: recipe
        for recipe in (
            Recipe("float"),
            Recipe("pruned", sparsity),
            Recipe("int8", int8=True),
            Recipe("pruned+int8", sparsity, int8=True),
            Recipe("blocks+int8", sparsity, "blocks", int8=True),
        )
    }
    if names is None:
        return (*known.values(),)
    asked = [name.strip() for name in names.split(",")]
    strange = [name for name in asked if name not in known]
    if strange:
        raise ForgeError(
            f"{strange[0]!r} is no variant that is known",
            where="--variants",
            fix=f"some of {','.join(known)}",
        )
    return tuple(known[name] for name in dict.fromkeys(asked))
