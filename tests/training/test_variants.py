"""The variants of a model: what each method does to its bytes, and one that fails is one alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.training.conftest import Told
from tinyforge import tflite
from tinyforge.datasets import Splits
from tinyforge.datasets.ranges import parse
from tinyforge.errors import ForgeError
from tinyforge.proof import oracle
from tinyforge.proof.answers import accuracy
from tinyforge.proof.examples import of_pictures
from tinyforge.tflite.about import about
from tinyforge.training import Settings
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.lab import Lab
from tinyforge.training.model import Model
from tinyforge.training.recipe import USUAL, Amounts, Recipe, recipes
from tinyforge.training.subject import Subject
from tinyforge.training.variants import Unmade, Variant, make_variants

FOUR = "float,pruned,int8,pruned+int8"


def lab_of(model: Model, splits: Splits, settings: Settings) -> Lab:
    training, held_out = splits.training.samples("drawn"), splits.held_out.samples("drawn")
    subject = Subject.of(model, held_out, None)
    return Lab(subject, parse("0..1"), training, held_out, settings, seed=1)


@pytest.fixture(scope="module")
def lab(model: Model, splits: Splits, tiny: Settings) -> Lab:
    return lab_of(model, splits, tiny)


class Seen(Told):
    """Stages that keep what ran."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str] = []

    def stage(self, title: str, total: int | None = None) -> Any:
        self.titles.append(title)
        return super().stage(title, total)


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def variants(lab: Lab, seen: Seen) -> list[Variant]:
    found = make_variants(lab, recipes(FOUR), Amounts(), seen)
    assert all(isinstance(one, Variant) for one in found)
    return [one for one in found if isinstance(one, Variant)]


def test_the_four_variants(variants: list[Variant], seen: Seen) -> None:
    dense, pruned, small, both = variants
    assert [v.name for v in variants] == ["float", "pruned", "int8", "pruned+int8"]
    # Pruning alone does not shrink the file, only what compression makes of it; int8 does.
    assert pruned.tflite_bytes == pytest.approx(dense.tflite_bytes, rel=0.02)
    assert pruned.gzip_bytes < dense.gzip_bytes * 0.6
    assert small.tflite_bytes < dense.tflite_bytes * 0.6
    assert both.gzip_bytes < min(pruned.gzip_bytes, small.gzip_bytes)
    assert {v.weights for v in variants} == {9 * 12 + 9 * 12 * 24 + 600}
    assert dense.nonzero == dense.weights
    assert pruned.nonzero == pytest.approx(0.25 * pruned.weights, rel=0.02)
    assert both.nonzero <= pruned.nonzero
    assert all(v.result is not None and v.result.score > 0.8 for v in variants)
    assert [epoch.stage for epoch in both.epochs] == ["prune"] * 3 and not small.epochs
    assert both.epochs[-1].loss < both.epochs[0].loss
    assert {one.op for one in small.noise} >= {"CONV_2D", "FULLY_CONNECTED"} and not dense.noise
    assert seen.titles == ["pruned: Prune and fine-tune", "Convert and measure the variants"]


def test_scores_are_keras_s_and_tflm_s(
    variants: list[Variant], model: Model, splits: Splits
) -> None:
    data = splits.held_out
    scores = {v.name: v.result.score for v in variants if v.result}
    assert scores["float"] == accuracy_float(model, data)
    small = next(v for v in variants if v.name == "int8")
    graph = tflite.read(small.model)
    source, sink = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    found = oracle.outputs(small.model, graph, of_pictures(data.images, source))
    assert scores["int8"] == accuracy(found, sink, data.labels)
    assert small.result is not None and small.result.answers is not None
    assert scores["int8"] == np.mean(small.result.answers == data.labels)


def test_an_int8_file_says_what_its_data_is(variants: list[Variant], splits: Splits) -> None:
    said = about(tflite.read(variants[2].model))
    assert variants[0].result is not None
    assert (said.range, said.classes) == ("0..1", splits.held_out.classes)
    assert (said.float_accuracy, said.examples) == (
        variants[0].result.score,
        len(splits.held_out),
    )


def test_one_that_fails_does_not_stop_the_others(
    model: Model, splits: Splits, tiny: Settings, told: Told
) -> None:
    whole = lab_of(model, splits, tiny)
    training, held_out = (
        replace(part, labels=None, targets=None) for part in (whole.training, whole.held_out)
    )
    unlabelled = Lab(Subject.of(model, held_out, None), whole.range, training, held_out, tiny)
    found = make_variants(unlabelled, recipes("pruned,float,pruned+int8"), Amounts(), told)
    assert [type(one) for one in found] == [Unmade, Variant, Unmade]
    assert isinstance(found[0], Unmade) and "no answers" in found[0].error.what
    assert isinstance(found[1], Variant) and found[1].result is None


def test_whatever_tensorflow_raises_is_one_variant_s(
    lab: Lab, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("first line\nlast line")

    monkeypatch.setattr("tinyforge.training.variants.TUNED", {"pruned": broken})
    found = make_variants(lab, recipes("pruned,pruned+int8,float"), Amounts(), told)
    assert [type(one) for one in found] == [Unmade, Unmade, Variant]
    assert isinstance(found[1], Unmade)
    assert found[1].error.what == "TensorFlow cannot do this: RuntimeError: last line"


def kernel(variant: Variant | Unmade) -> npt.NDArray[np.int8]:
    """Of the second convolution: (outputs, 3, 3, inputs)."""
    assert isinstance(variant, Variant)
    kernels = [t.data for t in tflite.read(variant.model).tensors if t.data is not None]
    return next(k for k in kernels if k.ndim == 4 and k.shape[3] > 4)


def test_each_step_does_what_it_says(lab: Lab, variants: list[Variant], told: Told) -> None:
    asked = recipes("blocks+int8,clustered+int8,removed+int8,pruned+qat")
    quick = replace(lab, settings=replace(lab.settings, prune_epochs=1))
    blocks, clustered, removed, aware = make_variants(quick, asked, Amounts(0.5, 8), told)
    found = kernel(blocks)
    outputs, *_, inputs = found.shape
    whole = found.reshape(outputs // 2, 2, 9, inputs // 4, 4).transpose(0, 2, 3, 1, 4)
    assert (whole.reshape(-1, 8) == 0).all(axis=1).mean() == pytest.approx(0.5, abs=0.03)
    assert max(len(np.unique(channel)) for channel in kernel(clustered)) <= 8
    assert np.count_nonzero(kernel(aware)) <= 0.51 * kernel(aware).size
    assert kernel(removed).size < 0.7 * kernel(variants[2]).size
    for one in (blocks, removed, aware):
        assert isinstance(one, Variant) and one.result is not None and one.result.score > 0.75


def test_recipes_are_known_by_their_names() -> None:
    assert recipes("int8, int8+pruned,int8,qat,pruned+qat+int8,float") == (
        Recipe(int8=True),
        Recipe(("pruned",), int8=True),
        Recipe(("qat",), int8=True),
        Recipe(("pruned", "qat"), int8=True),
        Recipe(),
    )
    assert [one.name for one in recipes()] == [*USUAL]
    for wrong in ("smaller", "float+int8", "int8+int8", ""):
        with pytest.raises(ForgeError, match="is no variant"):
            recipes(wrong)
    with pytest.raises(ForgeError, match="one by one, or in blocks"):
        recipes("pruned+blocks")
    with pytest.raises(ForgeError, match="not between 0 and 1"):
        Amounts(1.0)
