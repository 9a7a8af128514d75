"""Files of every Keras, in every precision, with every wrapper: loaded as the model they are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tinyforge.errors import ForgeError
from tinyforge.training import Loading
from tinyforge.training.layers import LAYERS, TEXT_LAYERS
from tinyforge.training.load import load_keras
from tinyforge.training.runtime import keras, quiet, tensorflow, tf_keras, tfmot

# Keras writes weights in a way that NumPy 2 frowns upon.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SHAPE = (12, 10, 3)


def net(library: Any, dtype: str = "float32") -> Any:
    """A branch, an operator between two layers, a normalization; the same in both Keras."""
    layers = library.layers
    image = library.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", dtype=dtype)(image)
    x = layers.BatchNormalization(dtype=dtype)(x)
    x = layers.ReLU(dtype=dtype)(x)
    x = layers.Add(dtype=dtype)([x, layers.DepthwiseConv2D(3, padding="same", dtype=dtype)(x)])
    x = layers.GlobalAveragePooling2D(dtype=dtype)(x)
    return library.Model(image, layers.Dense(3, activation="softmax", dtype=dtype)(x))


def with_operators(library: Any) -> Any:
    layers = library.layers
    image = library.Input(SHAPE)
    x = layers.Conv2D(3, 3, padding="same")(image)
    x = layers.Flatten()((x + image * 0.5 - x * image)[:, 2:])
    return library.Model(image, layers.Dense(3)(x))


def answers(model: Any) -> Any:
    inputs = np.random.default_rng(1).random((5, *SHAPE), np.float32)
    return np.asarray(model(inputs, training=False), np.float32)


def saved(model: Any, path: Path) -> Path:
    with quiet():
        model.save(path)
    return path


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("make", [net, with_operators])
@pytest.mark.parametrize("library", [keras, tf_keras])
def test_files_of_both_keras(
    library: Callable[[], Any], make: Callable[[Any], Any], suffix: str, tmp_path: Path
) -> None:
    model = make(library())
    path = saved(model, tmp_path / f"model{suffix}")
    if library is keras and make is with_operators and suffix == ".h5":
        with pytest.raises(ForgeError, match="Keras cannot load") as error:  # its own file
            load_keras(path)
        assert "model.save('model.keras')" in error.value.fix
        return
    loaded = load_keras(path)
    assert isinstance(loaded, library().Model)
    np.testing.assert_allclose(answers(loaded), answers(model), atol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("library", [keras, tf_keras])
@pytest.mark.parametrize("dtype", ["mixed_float16", "float16"])
def test_half_precision_becomes_float32(
    library: Callable[[], Any], suffix: str, dtype: str, tmp_path: Path
) -> None:
    model = net(library(), dtype)
    said: list[str] = []
    loaded = load_keras(saved(model, tmp_path / f"model{suffix}"), note=said.append)
    assert all(weight.dtype == np.float32 for weight in loaded.get_weights())
    assert loaded.outputs[0].dtype == "float32"
    assert len(said) == 1 and dtype in said[0] and "float32" in said[0]
    np.testing.assert_allclose(answers(loaded), answers(model), atol=5e-3)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_pruning_is_stripped_and_told(suffix: str, tmp_path: Path) -> None:
    with quiet():
        model = tfmot().sparsity.keras.prune_low_magnitude(net(tf_keras()))
    said: list[str] = []
    loaded = load_keras(saved(model, tmp_path / f"model{suffix}"), note=said.append)
    assert not any("prune" in layer.name for layer in loaded.layers)
    assert "strip_pruning" in said[0]
    np.testing.assert_allclose(answers(loaded), answers(model), atol=1e-6)


@pytest.fixture(scope="module")
def aware() -> Any:
    """A quantization-aware model, all of whose weights are numbers of their own."""
    with quiet():
        model = tfmot().quantization.keras.quantize_model(net(tf_keras()))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "step" not in weight.name:
            low = -3 if "_min" in weight.name else 0.5
            weight.assign(rng.uniform(low, low + 1, weight.shape))
    return model


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_quantization_aware_models(tmp_path: Path, aware: Any, suffix: str) -> None:
    """The toolkit itself cannot read the .keras files that it writes."""
    loaded = load_keras(saved(aware, tmp_path / f"model{suffix}"))
    for ours, theirs in zip(loaded.weights, aware.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), theirs.name)
    np.testing.assert_allclose(answers(loaded), answers(aware), atol=1e-6)


def test_quantization_aware_models_of_other_weights(tmp_path: Path, aware: Any) -> None:
    path = saved(aware, tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    stream = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(stream, "r+") as file:
        found: list[str] = []
        file.visit(found.append)
        # One of the four that a BatchNormalization has.
        del file[next(name for name in found if name.endswith("layer/vars/3"))]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"model.weights.h5": stream.getvalue()}).items():
            archive.writestr(name, content)
    with pytest.raises(ForgeError, match=r"weights of .*layer are .*, expected") as error:
        load_keras(path)
    assert "model.save('model.h5')" in error.value.fix


def test_a_forgotten_size_is_asked_for_and_given(tmp_path: Path) -> None:
    for library in (keras(), tf_keras()):
        layers = library.layers
        source = library.Input((None, None, 3))
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(source))
        model = library.Model(source, layers.Dense(3)(x))
        path = saved(model, tmp_path / "open.keras")
        with pytest.raises(ForgeError, match=r"\(any, any, 3\)") as error:
            load_keras(path)
        assert "--input-shape 32,32,3" in error.value.fix
        with pytest.raises(ForgeError, match="cannot be"):
            load_keras(path, Loading(shape=(12, 10, 4)))
        loaded = load_keras(path, Loading(shape=SHAPE))
        assert tuple(loaded.inputs[0].shape) == (None, *SHAPE)
        np.testing.assert_allclose(answers(loaded), answers(model), atol=1e-6)
        with pytest.raises(ForgeError, match="not"):
            load_keras(saved(net(library), tmp_path / "fixed.keras"), Loading(shape=(9, 9, 3)))


def test_a_fixed_batch_is_opened_and_whole_numbers_become_real(tmp_path: Path) -> None:
    layers = keras().layers
    source = keras().Input(batch_shape=(5, *SHAPE), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(source))
    model = keras().Model(source, layers.Dense(3)(x))
    said: list[str] = []
    loaded = load_keras(saved(model, tmp_path / "model.keras"), note=said.append)
    assert tuple(loaded.inputs[0].shape) == (None, *SHAPE)
    assert loaded.inputs[0].dtype == "float32" and "uint8" in said[0]
    levels = np.random.default_rng(1).integers(0, 256, (5, *SHAPE)).astype(np.uint8)
    np.testing.assert_allclose(loaded(levels.astype(np.float32)), model(levels), atol=1e-5)


OWN = """
import keras

@keras.saving.register_keras_serializable("me")
class Squared(keras.layers.Layer):
    def call(self, x):
        return x * x

def thirded(x):
    return x / 3
"""


def test_own_layers_are_asked_for_and_taken_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "layers.py"
    file.write_text(OWN)
    space: dict[str, Any] = {"__name__": "elsewhere"}
    exec(OWN, space)  # as in the program that made the model
    layers = keras().layers
    model = keras().Sequential(
        [
            keras().Input(SHAPE),
            layers.Flatten(),
            space["Squared"](name="mine"),
            layers.Dense(3, activation=space["thirded"]),
        ]
    )
    path = saved(model, tmp_path / "model.keras")
    expected = answers(model)
    keras().saving.get_custom_objects().clear()
    with pytest.raises(ForgeError, match=r"'Squared' is not known.*your own") as error:
        load_keras(path)
    assert "'mine'" in error.value.where and "--custom" in error.value.fix
    np.testing.assert_array_equal(answers(load_keras(path, Loading(custom=file))), expected)
    keras().saving.get_custom_objects().clear()
    for text, what in (("x = 1", "'Squared' is not known"), ("1 / 0", "ZeroDivisionError")):
        file.write_text(text)
        with pytest.raises(ForgeError, match=what):
            load_keras(path, Loading(custom=file))
    assert {path.name for path in tmp_path.iterdir()} == {"layers.py", "model.keras"}


@pytest.mark.parametrize("trust", [False, True])
def test_saved_model_folders(tmp_path: Path, trust: bool) -> None:
    for library in (keras(), tf_keras()):
        model = net(library)
        folder = tmp_path / library.__name__
        with quiet():
            model.export(folder) if library is keras() else model.save(folder, save_format="tf")
        loaded = load_keras(folder, Loading(trust=trust))
        np.testing.assert_allclose(answers(loaded), answers(model), atol=1e-6)


def written(tf: Any, x: Any, mark: Path) -> Any:
    with tf.control_dependencies([tf.io.write_file(str(mark), "x")]):
        return tf.identity(x)


def stored(tf: Any, x: Any, mark: Path) -> Any:
    """What a folder's own saving does, from its answer."""
    with tf.control_dependencies(
        [
            tf.raw_ops.SaveV2(
                prefix=str(mark), tensor_names=["x"], shape_and_slices=[""], tensors=[x]
            )
        ]
    ):
        return tf.identity(x)


def called(tf: Any, x: Any, mark: Path) -> Any:
    """Not by the answer's function, but by one that it calls, in a branch."""
    inner = tf.function(lambda y: written(tf, y, mark))
    return tf.cond(tf.reduce_sum(x) < 1e9, lambda: inner(x), lambda: x)


def ran(tf: Any, x: Any, mark: Path) -> Any:
    return tf.py_function(lambda y: (mark.write_text("x"), y)[1], [x], tf.float32)


@pytest.mark.parametrize(
    ("harm", "operator"),
    [(written, "WriteFile"), (stored, "SaveV2"), (called, "WriteFile"), (ran, "EagerPyFunc")],
)
def test_folders_that_do_more_than_compute_are_refused(
    tmp_path: Path, harm: Callable[[Any, Any, Path], Any], operator: str
) -> None:
    tf, folder, mark = tensorflow(), tmp_path / "folder", tmp_path / "mark"
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32)])
    def answer(x: Any) -> Any:
        return harm(tf, x, mark)

    with quiet():
        tf.saved_model.save(module, str(folder), signatures=answer)
    mark.unlink(missing_ok=True)
    with pytest.raises(ForgeError, match=f"is a program.*{operator}") as error:
        load_keras(folder)
    assert "model.save('model.keras')" in error.value.fix and "--trust-model" in error.value.fix
    assert not [p for p in tmp_path.iterdir() if p != folder]


def test_folders_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"no protocol buffer")
    with pytest.raises(ForgeError, match="no SavedModel"):
        load_keras(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ForgeError, match="TensorFlow 1"):
        load_keras(tmp_path)


def test_the_list_is_keras_own_layers_without_those_that_load_code() -> None:
    """A layer that a new Keras brings has to be looked at, and put on one of the lists."""
    base = keras().layers.Layer
    found = {
        layer.__name__
        for layer in vars(keras().layers).values()
        if isinstance(layer, type) and issubclass(layer, base)
    }
    code = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}
    assert found - LAYERS == code | TEXT_LAYERS | {"Layer", "Wrapper"}
    assert not LAYERS & (code | TEXT_LAYERS)


@pytest.mark.parametrize("name", ["k215_fun.keras", "k215_fun.h5", "t_tfk_notstripped.h5"])
def test_files_that_keras_2_wrote_elsewhere(corpus: Path, name: str) -> None:
    assert load_keras(corpus / "cases" / name).count_params() > 0


@pytest.mark.parametrize("make", [net, with_operators])
@pytest.mark.parametrize("folder", ["keras.src.", "keras."])
def test_files_of_keras_2_name_modules_as_they_lay(
    folder: str, make: Callable[[Any], Any], tmp_path: Path
) -> None:
    """From 2.13 on below keras.src, up to 2.12 one folder higher."""
    model = make(tf_keras())
    path = saved(model, tmp_path / "now.keras")
    then = tmp_path / "then.keras"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(then, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                assert b"tf_keras.src.engine" in content
                content = content.replace(b"tf_keras.src.", folder.encode())
                content = content.replace(b"tf_keras.", b"keras.")
            if name == "metadata.json":
                content = b'{"keras_version": "2.12.0", "date_saved": "2023-05-01@10:00:00"}'
            new.writestr(name, content)
    np.testing.assert_array_equal(answers(load_keras(then)), answers(model))
