"""The one door to TensorFlow, Keras, tf_keras and the pruning toolkit: late, quiet, repeatable.

None of them is imported before it is needed: together they take three seconds.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.packages import TRAIN, pip_install

# TensorFlow reads these when it is first imported. Without oneDNN the same seed gives the same
# bits, and a network as small as ours trains a little faster.
_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Sends file descriptors 1 and 2 to nowhere, because TensorFlow logs from C++ as well.

    Does nothing while the logger "tinyforge" shows debug messages (`--debug`).
    """
    if logging.getLogger("tinyforge").isEnabledFor(logging.DEBUG):
        yield
        return
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for fd, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, fd)
            os.close(copy)
        os.close(nowhere)


def tensorflow() -> Any:
    return module("tensorflow")


def keras() -> Any:
    """Keras 3, on TensorFlow."""
    module("tensorflow")
    library = module("keras")
    backend = library.backend.backend()
    if backend != "tensorflow":
        raise ForgeError(
            f"Keras runs on {backend}, tinyforge needs it on TensorFlow",
            fix="unset KERAS_BACKEND, and remove 'backend' from ~/.keras/keras.json",
        )
    return library


def tf_keras() -> Any:
    """Keras 2, for models that it wrote."""
    module("tensorflow")
    return module("tf_keras")


def library_of(model: Any) -> Any:
    """The library that a model is of: Keras 3, or tf_keras."""
    old = any(kind.__module__.startswith("tf_keras") for kind in type(model).__mro__)
    return tf_keras() if old else keras()


def tfmot() -> Any:
    """TensorFlow Model Optimization. It switches tf.keras to Keras 2: use keras() for Keras 3."""
    tf_keras()
    return module("tensorflow_model_optimization")


@cache
def module(name: str) -> Any:
    """The package of that name. Raises ForgeError if it is not installed."""
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    try:
        with quiet():
            package = importlib.import_module(name)
    except ImportError as error:
        raise ForgeError(
            f"this step needs the Python package {name.replace('_', '-')}: {error}",
            fix=pip_install(*TRAIN),
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return package
