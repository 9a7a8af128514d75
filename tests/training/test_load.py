"""Keras files from strangers: sound ones load, the others are refused before anything runs.

Every bad file here is made by the test; where it could run code, that code makes a canary file.
"""

import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge.errors import ForgeError
from tinyforge.training import Loading, load
from tinyforge.training.load import load_keras

# Keras writes weights in a way that NumPy 2 frowns upon.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def good(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound file, compiled and fitted, with a branch."""
    layers = keras.layers
    source = keras.Input((8, 8, 1), name="source")
    x = layers.Conv2D(3, 3, activation="relu", padding="same", kernel_regularizer="l2")(source)
    x = layers.Add()([x, layers.BatchNormalization()(x)])
    model = keras.Model(source, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.zeros((4, 8, 8, 1)), np.zeros(4), verbose=0)
    path = tmp_path_factory.mktemp("models") / "good.keras"
    model.save(path)
    return path


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(folder: Path, content: dict[str, bytes]) -> Path:
    path = folder / "bad.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def changed(good: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The good file with its description changed."""
    content = parts(good)
    description = json.loads(content["config.json"])
    change(description)
    return written(folder, content | {"config.json": json.dumps(description).encode()})


def first(description: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first layer of a kind in a description."""
    layers = description["config"]["layers"]
    return next(layer for layer in layers if layer["class_name"] == kind)


def test_a_sound_file_gives_the_same_answers(keras: Any, good: Path) -> None:
    inputs = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)
    wanted = keras.saving.load_model(good).predict(inputs, verbose=0)
    assert np.array_equal(load_keras(good).predict(inputs, verbose=0), wanted)
    assert np.array_equal(load_keras(good, Loading(trust=True)).predict(inputs, verbose=0), wanted)


def test_sequential_files_load_too(keras: Any, tmp_path: Path, model: Any) -> None:
    model.save(tmp_path / "m.keras")
    assert [w.shape for w in load_keras(tmp_path / "m.keras").get_weights()] == [
        w.shape for w in model.get_weights()
    ]


# --- descriptions --------------------------------------------------------------------------------


def test_a_lambda_layer_is_refused_before_keras_is_called(
    keras: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"

    monkeypatch.chdir(tmp_path)
    attack = lambda x: (__import__("os").makedirs("canary", exist_ok=True), x)[1]  # noqa: E731
    layers = [keras.Input((4,)), keras.layers.Lambda(attack, name="evil")]
    keras.Sequential(layers).save(tmp_path / "evil.keras")
    shutil.rmtree(canary, ignore_errors=True)
    monkeypatch.setattr(load, "_loaded", lambda *_, **__: pytest.fail("Keras was called"))
    with pytest.raises(ForgeError, match="'Lambda' is not known") as error:
        load_keras(tmp_path / "evil.keras")
    assert "'evil'" in error.value.where and "--trust-model" in error.value.fix
    assert not canary.exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    load_keras(tmp_path / "evil.keras", Loading(trust=True))
    assert canary.exists()  # it was live: consent runs it


def _set(kind: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda description: first(description, kind).update(values)


def _config(kind: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda description: first(description, kind)["config"].update(values)


SYSTEM = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wAAAA=="}}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_set("Dense", module="os"), "from the module 'os'"),
        (_set("Dense", module="keras.src.utils.python_utils"), "from the module"),
        (_set("Dense", module=["keras.layers"]), "from the module \\['keras.layers'\\]"),
        (_set("Dense", registered_name="evil>Dense"), "another name, 'evil>Dense'"),
        (_set("Dense", class_name="Evil"), "'Evil' is not known"),
        (_set("Dense", class_name=["Dense"]), "is not known"),
        (_set("Dense", class_name="QuantizedDTypePolicy"), "Keras quantized this model itself"),
        (_set("Dense", class_name="Newest"), "'Newest' is not known"),
        (_set("Dense", class_name="TFSMLayer"), "'TFSMLayer' is not known"),
        (_set("Dense", class_name="TorchModuleWrapper"), "'TorchModuleWrapper' is not known"),
        (_set("Dense", class_name="StringLookup"), "'StringLookup' is not known"),
        (_config("Dense", activation=SYSTEM), "'function'"),
        (_config("Dense", activation=LAMBDA), "'__lambda__'"),
        (_config("Dense", activation="os.system"), "not one of Keras' plain activations"),
        (_config("Dense", kernel_initializer=SYSTEM), "'function' is not known"),
        (_config("Dense", kernel_initializer=LAMBDA), "'__lambda__' is not known"),
        (_config("Dense", vocabulary="/etc/passwd"), "would read vocabulary '/etc/passwd'"),
        (_config("Dense", vocabulary="https://example.org/v"), "would read vocabulary"),
        (lambda d: d.update(class_name="load_model"), "describes a 'load_model'"),
        (lambda d: d.update(class_name="Lambda"), "describes a 'Lambda'"),
        (lambda d: d.update(build_config={"x": SYSTEM}), "'function' is not known"),
        (_set("Dense", inbound_nodes=[{"args": [LAMBDA], "kwargs": {}}]), "'__lambda__'"),
    ],
)
def test_descriptions_that_name_anything_foreign(
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], None],
    what: str,
) -> None:
    monkeypatch.setattr(load, "_loaded", lambda *_, **__: pytest.fail("Keras was called"))
    with pytest.raises(ForgeError, match=what):
        load_keras(changed(good, tmp_path, change))


def test_deep_nesting_is_refused(good: Path, tmp_path: Path) -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"config": deep}
    with pytest.raises(ForgeError, match="nested too deeply"):
        load_keras(changed(good, tmp_path, lambda d: d.update(x=deep)))
    content = parts(good) | {"config.json": b"[" * 200_000}
    with pytest.raises(ForgeError, match="not JSON"):
        load_keras(written(tmp_path, content))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}"])
def test_descriptions_that_are_none(good: Path, tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ForgeError):
        load_keras(written(tmp_path, parts(good) | {"config.json": text}))


def test_what_keras_cannot_build_is_a_forge_error(good: Path, tmp_path: Path) -> None:
    for change in (
        _config("Conv2D", filters=-1),
        _config("Dense", units="many"),
        _set("Dense", config=None),
        lambda d: d["config"].update(layers=[]),
    ):
        with pytest.raises(ForgeError, match="Keras cannot load this model"):
            load_keras(changed(good, tmp_path, change))


def test_compile_settings_are_never_built(good: Path, tmp_path: Path) -> None:
    """They may name anything, so they are left out rather than read."""
    path = changed(good, tmp_path, lambda d: d.update(compile_config={"loss": SYSTEM}))
    assert not load_keras(path).compiled


# --- archives ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "assets/x.txt", "evil.py", "model.weights.h5/", "CONFIG.JSON"]
)
def test_entries_that_do_not_belong(good: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ForgeError, match="holds no such entry"):
        load_keras(written(tmp_path, parts(good) | {name: b"x"}))
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "metadata.json"])
def test_a_part_missing_or_twice(good: Path, tmp_path: Path, name: str) -> None:
    content = parts(good)
    less = {key: value for key, value in content.items() if key != name}
    with pytest.raises(ForgeError, match=f"{name} is missing"):
        load_keras(written(tmp_path, less))
    path = written(tmp_path, content)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content[name])
    with pytest.raises(ForgeError, match="twice"):
        load_keras(path)


def test_a_symbolic_link(good: Path, tmp_path: Path) -> None:
    content = parts(good)
    path = written(tmp_path, {k: v for k, v in content.items() if k != "model.weights.h5"})
    link = zipfile.ZipInfo("model.weights.h5")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ForgeError, match="is a link"):
        load_keras(path)


def test_a_bomb(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    content = parts(good)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", content["metadata.json"])
        archive.writestr("config.json", b" " * (64 << 20))
        archive.writestr("model.weights.h5", content["model.weights.h5"])
    with pytest.raises(ForgeError, match="unpacks"):
        load_keras(path)


def test_an_entry_that_lies_about_its_size(good: Path, tmp_path: Path) -> None:
    path = written(tmp_path, parts(good))
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("config.json").file_size.to_bytes(4, "little")
    at = raw.rfind(size)
    raw[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(ForgeError):
        load_keras(path)


def test_truncated_files(good: Path, tmp_path: Path) -> None:
    whole = good.read_bytes()
    path = tmp_path / "cut.keras"
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        with pytest.raises(ForgeError):
            load_keras(path)


def test_flipped_bytes_load_or_are_refused(good: Path, tmp_path: Path) -> None:
    """Whatever is flipped: a model or a ForgeError, nothing else."""
    whole = good.read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "flipped.keras"
    outcomes = set()
    for _ in range(60):
        raw = bytearray(whole)
        for at in rng.integers(0, len(raw), 3):
            raw[at] ^= 1 << rng.integers(0, 8)
        path.write_bytes(raw)
        try:
            load_keras(path)
            outcomes.add("loaded")
        except ForgeError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.keras")
    for path in (tmp_path / "none.keras", tmp_path / "pipe.keras"):
        with pytest.raises(ForgeError, match="no such file"):
            load_keras(path)
    with pytest.raises(ForgeError, match=r"no saved_model\.pb"):
        load_keras(tmp_path)
    (tmp_path / "small.keras").write_bytes(b"\x1c\0\0\0TFL3")
    with pytest.raises(ForgeError, match=r"a \.tflite file") as error:
        load_keras(tmp_path / "small.keras")
    assert error.value.fix.startswith("tinyforge build ")


def test_h5_files_are_looked_at_as_well(
    keras: Any, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they are called."""
    for name in ("model.h5", "renamed.keras"):
        model.save(tmp_path / "model.h5")
        (tmp_path / "model.h5").rename(tmp_path / name)
        loaded = load_keras(tmp_path / name)
        for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
            assert np.array_equal(ours, theirs)
    layers = [keras.Input((4,)), keras.layers.Lambda(lambda x: x, name="evil")]
    keras.Sequential(layers).save(tmp_path / "evil.h5")
    monkeypatch.setattr(load, "_loaded", lambda *_, **__: pytest.fail("Keras was called"))
    with pytest.raises(ForgeError, match="'Lambda' is not known"):
        load_keras(tmp_path / "evil.h5")
    (tmp_path / "evil.h5").write_bytes(hdf5(_external_link))
    with pytest.raises(ForgeError, match="link to elsewhere"):
        load_keras(tmp_path / "evil.h5")
    (tmp_path / "evil.h5").write_bytes(hdf5(lambda h5py, file: file.update({"x": np.zeros(3)})))
    with pytest.raises(ForgeError, match="weights alone") as error:
        load_keras(tmp_path / "evil.h5")
    assert "load_weights" in error.value.fix


# --- weight files --------------------------------------------------------------------------------


def hdf5(fill: Callable[[Any, Any], None]) -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(h5py, file)
    return stream.getvalue()


def _external_link(h5py: Any, file: Any) -> None:
    file["x"] = h5py.ExternalLink("/etc/secret.h5", "/data")


def _soft_link(h5py: Any, file: Any) -> None:
    file["y"] = np.zeros(3)
    file["x"] = h5py.SoftLink("/y")


def _external_data(h5py: Any, file: Any) -> None:
    file.create_dataset("x", (4,), "f4", external=[("/etc/hostname", 0, 16)])


def _virtual(h5py: Any, file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/secret.h5", "data", (4,))
    file.create_virtual_dataset("x", layout)


def _text(h5py: Any, file: Any) -> None:
    file.create_dataset("x", data=["a", "b"], dtype=h5py.string_dtype())


def _endless(h5py: Any, file: Any) -> None:
    file.create_group("a")["again"] = file["/"]


def _enormous(h5py: Any, file: Any) -> None:
    file.create_dataset("x", (1 << 40,), "f4", chunks=(1 << 20,))


@pytest.mark.parametrize(
    ("fill", "what"),
    [
        (_external_link, "'x' is a link to elsewhere"),
        (_soft_link, "'x' is a link to elsewhere"),
        (_external_data, "in another file"),
        (_virtual, "in another file"),
        (_text, "not numbers"),
        (_endless, "too large"),
        (_enormous, "take more than"),
    ],
)
def test_weights_that_reach_out_or_blow_up(
    good: Path, tmp_path: Path, fill: Callable[[Any, Any], None], what: str
) -> None:
    with pytest.raises(ForgeError, match=what):
        load_keras(written(tmp_path, parts(good) | {"model.weights.h5": hdf5(fill)}))


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"x" * 3000])
def test_weights_that_are_no_hdf5(good: Path, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ForgeError, match="not a readable weight file"):
        load_keras(written(tmp_path, parts(good) | {"model.weights.h5": content}))
