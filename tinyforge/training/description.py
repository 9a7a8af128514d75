"""What a Keras model's description may name: Keras's own layers and plain settings.

Keras turns every entry with a class_name into a Python object, importing its module if it has to.
The lists are of what may appear, not of what may not: new tricks are refused as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.layers import (
    ACTIVATIONS,
    AWARE,
    FUNCTION_LAYERS,
    FUNCTIONS,
    LAYERS,
    MODELS,
    OPERATOR_MODULES,
    OPERATORS,
    PRUNING,
    TEXT_LAYERS,
    known,
    words,
)

_MAX_DEPTH = 60

# Keras 2 and 3 register their own classes under these modules.
_MODULES = words(
    """
keras keras.layers keras.models keras.initializers keras.regularizers keras.constraints
keras.mixed_precision keras.random keras.src.models.functional keras.src.models.sequential
keras.engine.functional keras.engine.sequential keras.layers.core.tf_op_layer
keras.src.engine.functional
keras.src.engine.sequential keras.src.layers.core.tf_op_layer tf_keras.src.engine.functional
tf_keras.src.engine.sequential tf_keras.src.layers.core.tf_op_layer
"""
)

_TOOLKIT = "tensorflow_model_optimization.python.core."
_TOOLKIT_MODULES = frozenset(
    _TOOLKIT + name
    for name in (
        "quantization.keras.quantize_aware_activation",
        "quantization.keras.quantize_layer",
        "quantization.keras.quantize_wrapper",
        "sparsity.keras.pruning_wrapper",
    )
)

# They only matter in training, but they stand in every saved file.
_HELPERS = words(
    """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer L1 L1L2 L2
LecunNormal LecunUniform MaxNorm MinMaxNorm NonNeg Ones Orthogonal OrthogonalInitializer
OrthogonalRegularizer RandomNormal RandomUniform STFTInitializer SeedGenerator TruncatedNormal
UnitNorm VarianceScaling Zeros
"""
)

# Markers of Keras' own JSON: how it writes what JSON lacks, and the tensors a layer is called with.
_MARKERS = frozenset(
    {"__tuple__", "__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__"}
)

_RUNS_CODE = words("FlaxLayer JaxLayer Lambda TFSMLayer TorchModuleWrapper __lambda__ function")
_QUANTIZED = words("DTypePolicyMap GPTQDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy")
_POLICIES = frozenset({"DTypePolicy", "Policy"})
_CLASSES = LAYERS | MODELS | FUNCTION_LAYERS | _HELPERS | _POLICIES
_EVERY = _CLASSES | OPERATORS | PRUNING | AWARE

FIX_TRUST = "if you made this file yourself, or trust who did: --trust-model"
_FIX_OWN = (
    "give the Python file that defines it (and in get_config() its settings): --custom layers.py; "
    "or convert the model where it is defined, with tf.lite.TFLiteConverter.from_keras_model(), to "
    "full int8, and give the .tflite file"
)
_FIX_LAMBDA = (
    "write what it does with Keras' own layers or operators (x * 2 + y, keras.ops.abs(x)); or, "
    f"{FIX_TRUST}"
)

# Settings that name a function, and those that name a file or address to read.
_ACTIVATION_KEYS = frozenset({"activation", "recurrent_activation"})
_RESOURCES = frozenset({"vocabulary", "file_path", "filepath", "path", "url"})


def check_description(description: Mapping[str, Any], file: str, own: Collection[str] = ()) -> None:
    """Raises ForgeError, naming the layer, if Keras would have to build anything unknown.

    own: names of classes and functions that the user brings.
    """
    name = description.get("class_name")
    if not known(name, MODELS | frozenset(own)):
        raise ForgeError(
            f"the file describes a {name!r:.80}, not a model of layers",
            where=file,
            fix="save a keras.Sequential or functional model; of a class of your own, its layers: "
            "keras.Model(inputs, model.call(inputs)).save('model.keras')",
        )
    checker = _Checker(frozenset(own))
    for where, entry in entries(description, file):
        checker.check(entry, where)


def entries(value: Any, where: str, depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every JSON object of a description, with the name of the layer that it is in."""
    if depth > _MAX_DEPTH:
        raise ForgeError("the description is nested too deeply", where=where, fix=FIX_TRUST)
    if isinstance(value, dict):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        if known(value.get("class_name"), MODELS) or isinstance(name, str):
            where = f"layer {name!r:.80}"
        yield where, value
        # The compile settings are dropped before loading, so what they name is never built.
        children = [v for k, v in value.items() if k != "compile_config"]
    else:
        children = value if isinstance(value, list) else []
    for child in children:
        yield from entries(child, where, depth + 1)


class _Checker:
    def __init__(self, own: frozenset[str]) -> None:
        self._own = own

    def check(self, entry: Mapping[str, Any], where: str) -> None:
        if "class_name" in entry and not self._is_own(entry):
            _check_class(entry, where)
        for key in _ACTIVATION_KEYS & entry.keys():
            self._check_activation(key, entry[key], where)
        if entry.get("function") is not None and not known(entry["function"], FUNCTIONS):
            raise ForgeError(
                f"function {entry['function']!r:.80} is not a plain one of TensorFlow's",
                where=where,
                fix=_FIX_LAMBDA,
            )
        for key in _RESOURCES & entry.keys():
            if entry[key] is not None:
                raise ForgeError(
                    f"the model would read {key} {entry[key]!r:.80}",
                    where=where,
                    fix=f"leave it out of the model; or, {FIX_TRUST}",
                )

    def _is_own(self, entry: Mapping[str, Any]) -> bool:
        names = [entry["class_name"], entry.get("registered_name")]
        if entry["class_name"] == "function":
            names = [entry.get("config")]
        return any(known(name, self._own) for name in names)

    def _check_activation(self, key: str, value: Any, where: str) -> None:
        """A name of keras.activations, a layer (looked at like any other), or the user's own."""
        name = value.get("class_name") if isinstance(value, dict) else value
        if value is None or known(value, ACTIVATIONS | self._own):
            return
        if isinstance(value, dict) and (known(name, LAYERS | AWARE) or self._is_own(value)):
            return
        raise ForgeError(
            f"{key} {value!r:.80} is not one of Keras' plain activations",
            where=where,
            fix=f"use one of {', '.join(sorted(ACTIVATIONS))}; a function of your own: give the "
            "Python file that defines it, --custom layers.py",
        )


def _check_class(entry: Mapping[str, Any], where: str) -> None:
    name = entry["class_name"]
    module, registered = entry.get("module"), entry.get("registered_name")
    if known(name, _MARKERS):
        return
    if not known(name, _EVERY):
        raise _unknown(name, module, registered, where)
    if module is not None and not known(module, _modules(name)):
        raise ForgeError(
            f"{name} would come from the module {module!r:.80}, not from Keras",
            where=where,
            fix=_FIX_OWN,
        )
    if registered not in (None, name):
        raise ForgeError(
            f"{name} is registered under another name, {registered!r:.80}",
            where=where,
            fix=_FIX_OWN,
        )


def _modules(name: str) -> frozenset[str]:
    modules = _MODULES if name in _CLASSES else frozenset()
    modules |= OPERATOR_MODULES if name in OPERATORS else frozenset()
    return modules | (_TOOLKIT_MODULES if name in PRUNING | AWARE else frozenset())


def _unknown(name: Any, module: Any, registered: Any, where: str) -> ForgeError:
    """A class that is not on the lists: one of Keras' that loads code, or the user's own."""
    if known(name, TEXT_LAYERS):
        return ForgeError(
            f"the layer or object {name!r} is not known on a device: it looks up text or keys",
            where=where,
            fix="look them up in your application, and save the model from the layer after it on",
        )
    what = f"the layer or object {name!r:.80} is not known"
    if known(name, _RUNS_CODE):
        return ForgeError(f"{what}; it can run any code", where=where, fix=_FIX_LAMBDA)
    if known(name, _QUANTIZED):
        return ForgeError(
            f"{what}: Keras quantized this model itself, its weights alone",
            where=where,
            fix="save the model before model.quantize(); tinyforge quantizes it",
        )
    if isinstance(module, str) and module.split(".")[0] in ("keras", "tf_keras"):
        fix = f"use a layer that the Keras of this installation documents; or, {FIX_TRUST}"
        return ForgeError(what, where=where, fix=fix)
    called = f", registered as {registered!r:.80}" if registered else ""
    return ForgeError(f"{what}{called}: a class of your own", where=where, fix=_FIX_OWN)
