"""Which channels go, how many, and what the model is worth then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from tests.training.conftest import Told
from tinyforge.datasets import Splits
from tinyforge.errors import ForgeError
from tinyforge.spec import ImportanceChoice
from tinyforge.training import Settings, material
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.channels import Cost, remove_channels
from tinyforge.training.channels.calls import layers_by_path, network
from tinyforge.training.channels.choice import chosen
from tinyforge.training.channels.costs import cost, shares
from tinyforge.training.channels.groups import groups_of
from tinyforge.training.channels.importance import importance
from tinyforge.training.channels.rebuild import without
from tinyforge.training.channels.taught import taught
from tinyforge.training.load import load_keras
from tinyforge.training.model import Lesson, Model, cross_entropy, lesson
from tinyforge.training.prune_file import prune_file
from tinyforge.training.runtime import tf_keras
from tinyforge.training.settings import CHECKED

EVERY = get_args(ImportanceChoice)


@pytest.fixture(params=[3, 2])
def small(request: pytest.FixtureRequest, keras: Any) -> Model:
    return network_of(keras if request.param == 3 else tf_keras())


def network_of(keras: Any) -> Model:
    """Of 8x8x3: two convolutions with a normalization between, a dense layer for each place."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(8, 3, use_bias=False, name="first"),
            layers.BatchNormalization(name="scaled"),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, name="each"),
            layers.Conv2D(16, 1, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(2, "softmax", name="last"),
        ]
    )


@pytest.fixture
def taken() -> Lesson:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 8, 8, 3)).astype(np.float32)
    return Lesson(inputs, (inputs.mean((1, 2, 3)) > 0).astype(np.int64))


def test_costs_are_counted_by_hand(small: Model, taken: Lesson) -> None:
    groups = groups_of(network(small))
    macs = 36 * 9 * 3 * 8 + 16 * 9 * 8 + 16 * 8 * 16 + 256 * 2
    weights = 27 * 8 + 4 * 8 + (9 + 1) * 8 + (8 + 1) * 16 + 256 * 2 + 2
    assert cost(groups, groups.all_kept()) == Cost(weights, macs, 36 * 8 + 16 * 8 + 16 * 16 + 2)
    # What is left without a channel is what it costs: counted on the smaller model itself.
    keep = groups.all_kept()
    of = groups.of[network(small).calls[1].outputs[0].index]  # the first convolution's
    keep[of[3]] = False
    left = groups_of(network(without(small, groups, keep, taken.inputs)))
    found = cost(groups, keep)
    assert found == cost(left, left.all_kept())
    whole = cost(groups, groups.all_kept())
    parts = [
        (getattr(whole, name) - getattr(found, name)) / getattr(whole, name)
        for name in ("weights", "macs", "activations")
    ]
    assert shares(groups)[of[3]] == pytest.approx(np.mean(parts))


def test_a_layer_at_each_step_costs_as_much_each_time(keras: Any) -> None:
    layers = keras.layers
    x = keras.Input((5, 6))
    y = layers.LSTM(3)(layers.TimeDistributed(layers.Dense(4))(x))
    groups = groups_of(network(keras.Model(x, y)))
    found = cost(groups, groups.all_kept())
    assert found.macs == 5 * (6 * 4 + (4 + 3) * 12)
    assert found.weights == (6 + 1) * 4 + (4 + 3 + 1) * 12


def test_no_more_goes_than_is_asked_for(small: Model) -> None:
    """The least missed of what is enough, though the first in turn saves more for each loss."""
    groups = groups_of(network(small))
    first, second = (groups.of[network(small).calls[i].outputs[0].index] for i in (1, 5))
    missed = np.zeros(groups.count)
    missed[first], missed[second] = 3.0, 1.0
    whole = cost(groups, groups.all_kept()).macs
    saved = 4 * (16 * 8 + 16 * 2)  # by four channels of the second, which save few
    assert (
        missed[first[0]] / shares(groups)[first[0]] < missed[second[0]] / shares(groups)[second[0]]
    )
    keep = chosen(groups, missed, whole - saved)
    assert keep[first].all() and np.count_nonzero(keep[second]) == 12
    keep = chosen(groups, missed, whole - saved - 1)
    assert np.count_nonzero(keep[first]) == 4 and keep[second].all()


@pytest.mark.parametrize("how", EVERY)
def test_what_is_silent_is_missed_least(small: Model, taken: Lesson, how: ImportanceChoice) -> None:
    layers = dict(layers_by_path(small))
    gamma, beta, mean, variance = layers["scaled",].get_weights()
    gamma[5] = beta[5] = 0  # its filter may be as large as it likes
    layers["scaled",].set_weights([gamma, beta, mean, variance])
    kernel, bias = layers["each",].get_weights()
    kernel[..., 5, :] = bias[5] = 0
    layers["each",].set_weights([kernel, bias])
    groups = groups_of(network(small))
    found = importance(small, groups, how, taken, cross_entropy(small))
    of = groups.of[network(small).calls[1].outputs[0].index]
    assert np.argmin(found[of]) == 5
    assert found[of[5]] < 1e-6 < np.sort(found[of])[1]
    assert (found >= 0).all()


@pytest.mark.parametrize("how", ["activation", "taylor"])
def test_what_nobody_reads_is_not_missed(
    small: Model, taken: Lesson, how: ImportanceChoice
) -> None:
    second = dict(layers_by_path(small))["second",]
    kernel, bias = second.get_weights()
    kernel[..., 3, :] = 0
    second.set_weights([kernel, bias])
    groups = groups_of(network(small))
    found = importance(small, groups, how, taken, cross_entropy(small))
    of = groups.of[network(small).calls[1].outputs[0].index]
    assert found[of[3]] == 0 < np.sort(found[of])[1]


def test_taylor_s_measure_is_the_change_of_the_loss(small: Model, taken: Lesson) -> None:
    """By differences: what is read of a channel a little smaller, for each sample by itself."""
    groups, loss = groups_of(network(small)), cross_entropy(small)
    few = Lesson(taken.inputs[:5], taken.targets[:5])
    found = importance(small, groups, "taylor", few, loss)
    last = dict(layers_by_path(small))["last",]
    kernel, bias = last.get_weights()
    of = groups.of[network(small).calls[5].outputs[0].index]  # the second convolution's
    for channel in (0, 7, 15):
        ends = []
        for step in (1e-2, -1e-2):
            changed = kernel.copy()
            changed[channel::16] *= 1 + step
            last.set_weights([changed, bias])
            answers = np.asarray(small(few.inputs, training=False))
            ends.append(-np.log(answers[np.arange(5), few.targets]))
        expected = np.mean(((ends[0] - ends[1]) / 2e-2) ** 2)
        last.set_weights([kernel, bias])
        assert found[of[channel]] == pytest.approx(expected, rel=0.01)


def test_counts_are_what_kernels_like_and_no_layer_vanishes(small: Model) -> None:
    groups = groups_of(network(small))
    rng = np.random.default_rng(0)
    whole = cost(groups, groups.all_kept()).macs
    seen = set()
    for share in (0.9, 0.7, 0.5, 0.01):
        keep = chosen(groups, rng.uniform(size=groups.count), share * whole)
        left = [
            int(keep[groups.families == family].sum())
            for family in np.unique(groups.families[groups.free])
        ]
        assert all(count % 4 == 0 and count for count in left)
        seen.add(tuple(left))
        found = cost(groups, keep).macs / whole
        assert found <= share or left == [4, 8]  # half of each goes at once, no more
    assert len(seen) > 2 and (4, 8) in seen


def test_multiply_adds_go_and_accuracy_stays(model: Model, splits: Splits, tiny: Settings) -> None:
    before = [weight.copy() for weight in model.get_weights()]
    stages: list[str] = []
    found = remove_channels(
        model,
        lesson(splits.training),
        replace(tiny, prune_epochs=1, sparsity=0.6),
        loss=cross_entropy(model),
        settled=lambda _: "recover 1" in stages,
        progress=lambda stage, done, of: stages.append(stage),
    )
    for ours, kept in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(ours, kept)  # the model given is left as it is
    assert found.before.weights == sum(weight.size for weight in before)
    assert found.after.weights == sum(weight.size for weight in found.model.get_weights())
    assert found.before.macs == 676 * 9 * 12 + 121 * 9 * 12 * 24 + 600
    assert 0.2 * found.before.macs < found.after.macs <= 0.4 * found.before.macs
    assert found.kept == ()
    assert [*dict.fromkeys(stages)] == [*(f"remove {i}" for i in range(1, 7)), "recover 1"]
    assert accuracy_float(found.model, splits.held_out) > 0.85


def test_a_model_of_keras_2_stays_one(taken: Lesson, tiny: Settings) -> None:
    model = network_of(tf_keras())
    settings = replace(tiny, prune_epochs=1, sparsity=0.5)
    found = remove_channels(model, taken, settings, loss=cross_entropy(model))
    assert isinstance(found.model, tf_keras().Model)
    assert found.after.macs <= 0.5 * found.before.macs
    made = {
        path[-1]: layer.weights[-1].shape[-1]
        for path, layer in layers_by_path(found.model)
        if layer.weights
    }
    assert made.pop("second") in (4, 8, 12, 16)
    assert made == {"first": 4, "scaled": 4, "each": 4, "last": 2}


def test_what_is_left_alone_is_named(keras: Any) -> None:
    layers = keras.layers
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(4, 3, padding="same", name="on_the_input")(x)
    y = layers.Conv2D(8, 3, name="before")(layers.Add()([x, y]))
    y = layers.LayerNormalization(name="norm")(y)
    y = layers.Conv2D(8, 3, activation="softmax", name="weighed")(y)
    y = layers.Conv2D(8, 3, name="free")(y)
    y = layers.Conv2D(8, 1, activation=layers.PReLU(), name="bent")(y)
    y = layers.GlobalAveragePooling2D()(y)
    y = layers.LSTM(3, name="over")(layers.RepeatVector(2)(y))
    found = groups_of(network(keras.Model(x, layers.Dense(2, name="answers")(y))))
    assert found.left_alone() == (
        "on_the_input (Conv2D): its channels go with the model's inputs",
        "before (Conv2D): norm (LayerNormalization) is not followed",
        "weighed (Conv2D) has the activation softmax",
        "bent (Conv2D) has the activation PReLU",
        "over (LSTM) keeps its units",
    )
    assert found.free.sum() == 8


def test_a_model_without_channels_to_remove_is_refused(
    keras: Any, taken: Lesson, tiny: Settings
) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.LayerNormalization(name="norm"),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    with pytest.raises(ForgeError, match=r"no channels that can be removed; conv .*norm .*not fol"):
        remove_channels(model, taken, tiny, loss=cross_entropy(model))


@pytest.mark.parametrize(("head", "units"), [("softmax", 3), ("linear", 3), ("sigmoid", 1)])
def test_half_of_each_lesson_is_the_teacher_s(keras: Any, head: str, units: int) -> None:
    """The loss for the targets made is the mean of those for the right and for its answers."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, head)])
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(9, 4)).astype(np.float32)
    labels = rng.integers(0, max(units, 2), 9)
    loss = cross_entropy(model)
    made, measure = taught(model, Lesson(inputs, labels), loss)
    other = rng.uniform(0.1, 0.9, (9, units)).astype(np.float32)
    other /= other.sum(1, keepdims=True) if head == "softmax" else 1
    answers = np.asarray(model(inputs))
    if head == "linear":
        answers = np.asarray(keras.ops.softmax(answers))
    own = measure(answers.astype(np.float32), other)
    right = loss(labels.reshape(-1, 1), other)
    assert float(measure(made.targets, other)) == pytest.approx(float(own + right) / 2, rel=1e-5)


@pytest.mark.parametrize("name", ["p_bn_drop", "p_nested"])
def test_models_as_people_bring_them(
    corpus: Path,
    people: Path,
    told: Told,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(material, "_TUNING_STEPS", 40)
    source, target = corpus / "cases" / f"{name}.keras", tmp_path / "smaller.keras"
    options: dict[str, Any] = {"seed": 0, "quick": True, "how": CHECKED, "stages": told}
    content, found = prune_file(
        source, str(people / "gray28"), target, sparsity=0.5, structure="channels", **options
    )
    target.write_bytes(content)
    assert found.cost_before is not None and found.cost_after is not None
    assert found.cost_after.macs <= 0.5 * found.cost_before.macs
    smaller = load_keras(target)
    assert sum(w.size for w in smaller.get_weights()) == found.cost_after.weights
    assert found.accuracy >= found.before - 0.05 and found.kept == ()
    assert found.short == ""


def test_fewer_channels_than_were_asked_for_are_told(
    corpus: Path, people: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "_TUNING_STEPS", 2)
    source, target = corpus / "cases" / "p_bn_drop.keras", tmp_path / "smaller.keras"
    options: dict[str, Any] = {"seed": 0, "quick": True, "how": CHECKED, "stages": told}
    options |= {"structure": "channels", "sparsity": 0.999, "accept": True}
    _, found = prune_file(source, str(people / "gray28"), target, **options)
    assert found.cost_before is not None and found.cost_after is not None
    gone = 1 - found.cost_after.macs / found.cost_before.macs
    assert gone < 0.999
    assert found.short.startswith(f"{gone:.1%} of the multiply-adds could go, 99.9% were asked for")


def test_what_would_be_of_no_effect_is_refused(told: Told, tmp_path: Path) -> None:
    none, options = tmp_path / "none.keras", {"seed": 0, "how": CHECKED, "stages": told}
    options |= {"sparsity": 0.5, "quick": True}
    with pytest.raises(ForgeError, match="a schedule could be of"):
        prune_file(none, None, none, structure="channels", schedule="constant", **options)
    with pytest.raises(ForgeError, match="importance is of channels"):
        prune_file(none, None, none, importance="l1", **options)
