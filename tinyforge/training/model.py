"""The float model: a small convolutional network, trained on pictures scaled to [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.several import apart
from tinyforge.datasets.types import Dataset, Images, Progress, Splits, silent
from tinyforge.errors import ForgeError
from tinyforge.training.curves import Epoch, Recorded
from tinyforge.training.runtime import keras, library_of
from tinyforge.training.settings import Settings

Model = Any  # a keras.Model or a tf_keras.Model: neither library is typed

_AT_ONCE = 256  # pictures
_MOST_EPOCHS = 200  # of tuning on a small set
_SMALLEST = 10  # pixels: what two convolutions and two poolings leave one pixel of


def scaled(images: Images) -> npt.NDArray[np.float32]:
    """uint8 pictures as the network sees them: float32 in [0, 1]; int8 is then q = pixel - 128."""
    return images.astype(np.float32) / np.float32(255)


def seed_cnn(shape: tuple[int, ...], classes: int) -> Model:
    """Two convolutions, two poolings, one dense layer: 4,165 weights at 28x28, two classes.

    shape: (height, width), or (height, width, channels). Output: one sigmoid for two classes, the
    probability of the second, else a softmax. Raises ForgeError for pictures below 10x10.
    """
    if min(shape[:2]) < _SMALLEST:
        raise ForgeError(
            f"pictures of {shape[0]}x{shape[1]} are too small for this network",
            fix=f"scale them to {_SMALLEST}x{_SMALLEST} or more",
        )
    layers = keras().layers
    head = layers.Dense(1, "sigmoid") if classes == 2 else layers.Dense(classes, "softmax")
    return keras().Sequential(
        [
            keras().Input(shape),
            *([layers.Reshape((*shape, 1))] if len(shape) == 2 else []),
            layers.Conv2D(12, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(24, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            head,
        ]
    )


def train(
    splits: Splits, settings: Settings, *, seed: int = 0, progress: Progress = silent
) -> Model:
    """A Keras 3 model, trained on splits.training.

    Of all epochs the one with the least loss on splits.validation is kept. The same seed gives
    the same weights on the same machine.
    """
    keras().utils.set_random_seed(seed)
    data = splits.training
    model = seed_cnn(data.shape, len(data.classes))
    fit(
        model,
        lesson(data),
        settings.epochs,
        settings,
        loss=cross_entropy(model),
        validation=lesson(splits.validation),
        progress=progress,
        stage="train",
    )
    return model


class Lesson(NamedTuple):
    """What is learned from: inputs, float32 (n, ...), and what the model should make of them."""

    inputs: npt.NDArray[np.float32]
    targets: npt.NDArray[Any]


def lesson(data: Dataset) -> Lesson:
    """Pictures from 0 to 1, and their classes."""
    return Lesson(scaled(data.images), data.labels)


def fit(
    model: Model,
    training: Lesson,
    epochs: int,
    settings: Settings,
    *,
    loss: Any,
    stage: str,
    validation: Lesson | None = None,
    callbacks: tuple[Any, ...] = (),
    progress: Progress = silent,
) -> None:
    """Trains in place. model: of Keras 3 or of tf_keras, as are loss and callbacks.

    validation: end with the weights of the epoch that did best on it, not the last.
    """
    library = library_of(model)
    steps = -(-len(training.inputs) // settings.batch) * epochs
    optimizers = library.optimizers
    schedule = optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    # A callback that is to see every step cannot have several at once. Keras 3 would compile with
    # XLA, which takes twice as long here.
    plainly = {"jit_compile": False, "steps_per_execution": 1 if callbacks else 8}
    model.compile(optimizers.Adam(schedule), loss=loss, **plainly)

    def told(epoch: int, logs: Mapping[str, float]) -> None:
        if isinstance(progress, Recorded):
            progress.epochs.append(Epoch(stage, float(logs["loss"])))
        progress(stage, epoch + 1, epochs)

    report = library.callbacks.LambdaCallback(on_epoch_end=told)
    best = {}
    if validation is not None:
        stopper = library.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
        callbacks = (*callbacks, stopper)
        seen = (given(model, validation.inputs), validation.targets)
        best = {"validation_data": seen, "validation_batch_size": 512}
    progress(stage, 0, epochs)
    model.fit(
        given(model, training.inputs),
        training.targets,
        batch_size=settings.batch,
        epochs=epochs,
        callbacks=[report, *callbacks],
        verbose=0,
        **best,
    )


def tuning_epochs(settings: Settings, samples: int) -> int:
    """How often a trained model goes through the samples, to make up for what is done to it."""
    steps = -(-samples // settings.batch)
    return max(settings.prune_epochs, min(_MOST_EPOCHS, -(-settings.prune_steps // steps)))


def cross_entropy(model: Model) -> Any:
    """Cross-entropy for what the last layer gives: one sigmoid, a softmax, or logits."""
    losses = library_of(model).losses
    logits = gives_logits(model)
    if model.output_shape[-1] == 1:
        return losses.BinaryCrossentropy(from_logits=logits)
    return losses.SparseCategoricalCrossentropy(from_logits=logits)


def gives_logits(model: Model, head: int = 0) -> bool:
    """Whether the last layer gives plain numbers, not probabilities. head: of several outputs the
    one, by position, before which it is."""
    last = model.layers[-1]
    if len(model.outputs) > 1:
        last = model.outputs[head]._keras_history[0]
    while getattr(last, "layers", None):
        last = last.layers[-1]
    last = getattr(last, "layer", last)  # in a wrapper
    function = getattr(last, "activation", None)
    function = getattr(function, "activation", function)  # in one of quantization-aware training
    name = getattr(function, "__name__", type(last).__name__.lower())
    return name not in ("sigmoid", "softmax", "hard_sigmoid")


def predict(model: Model, images: Images) -> npt.NDArray[np.float32]:
    """Scores of uint8 pictures, float32 (n, outputs)."""
    return outputs(model, scaled(images))


def outputs(
    model: Model, inputs: npt.NDArray[np.float32], head: int = 0
) -> npt.NDArray[np.float32]:
    """What a model gives for real inputs (n, *shape): float32 (n, ...). head: of several outputs
    which one, by position. If its state lasts they are a sequence from its beginning."""
    forget(model)
    at_once = 1 if remembers(model) else _AT_ONCE
    batches = [inputs[i : i + at_once] for i in range(0, len(inputs), at_once)]
    found = (model(given(model, batch), training=False) for batch in batches)
    return np.concatenate([np.asarray(_one(answers, head)) for answers in found])


def remembers(model: Model) -> bool:
    """Whether a layer's state lasts from one call to the next."""
    return any(_stateful(model))


def forget(model: Model) -> None:
    """Lets the next call begin a sequence."""
    for layer in _stateful(model):
        reset = getattr(layer, "reset_state", None) or layer.reset_states
        reset()


def _stateful(model: Model) -> Iterator[Any]:
    for layer in model._flatten_layers(include_self=False, recursive=True):
        if getattr(layer, "stateful", False) and not hasattr(layer, "layers"):
            yield layer


def input_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """The shapes of the model's inputs, without the batch, by name, in its order. ForgeError for
    one that is not fixed."""
    shapes = {t.name: tuple(t.shape[1:]) for t in model.inputs}
    for name, shape in shapes.items():
        if None in shape:
            example = ",".join(str(size or 32) for size in shape)
            raise ForgeError(
                f"the model's input shape {shape} is not fixed",
                where=f"input {name!r}",
                fix=f"say the size that the device will see: --input-shape {example}",
            )
    return shapes


def input_shape(model: Model) -> tuple[int, ...]:
    """One sample's, without the batch; of several inputs their numbers side by side. ForgeError
    for one that is not fixed."""
    shapes = [*input_shapes(model).values()]
    return shapes[0] if len(shapes) == 1 else (sum(map(math.prod, shapes)),)


def by_input(model: Model, inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Samples (n, *input_shape) as an array for each of the model's inputs, in its order."""
    shapes = [*input_shapes(model).values()]
    return [inputs] if len(shapes) == 1 else apart(inputs, shapes)


def arguments(model: Model, values: Sequence[Any]) -> Any:
    """What the model is called with, of a value for each of its inputs: the value, a list, or a
    dict where it was made with one."""
    try:
        struct = model.input
    except AttributeError:  # a Sequential that was never called has none, but one of inputs
        return values[0]
    if isinstance(struct, dict):
        by_tensor = {id(t): v for t, v in zip(model.inputs, values, strict=True)}
        return {key: by_tensor[id(t)] for key, t in struct.items()}
    return [*values] if len(values) > 1 else values[0]


def given(model: Model, inputs: npt.NDArray[np.float32]) -> Any:
    """Samples (n, *input_shape) as the model is called with them."""
    return arguments(model, by_input(model, inputs))


def _one(found: Any, head: int) -> Any:
    """One of the outputs of a model, which has several in a list, or by name."""
    if isinstance(found, dict):
        found = list(found.values())
    return found[head] if isinstance(found, list | tuple) else found
