"""The process in which TensorFlow Lite Micro runs: `python -m tinyforge.proof.oracle_child DIR`.

DIR holds model.tflite, input_0.npy, input_1.npy, ... (n, *shape), each of its input's own type,
tensors.npy (indices), and anew.npy (whether each inference begins with the first states); it
receives <index>.npy, (n, bytes) int8, for each of the tensors: its raw bytes, whatever its type.
"""

import sys
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from tinyforge.graph.packed import raw

# Enough for the interpreter's structures of any model beside its tensors; the default follows
# the model's size, is too small for tiny models, and then TFLM crashes.
_ARENA_BYTES = 64 << 20


def main(folder: Path) -> None:
    interpreter = runtime.Interpreter.from_file(
        str(folder / "model.tflite"),
        arena_size=_ARENA_BYTES,
        intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
    )
    tensors = np.load(folder / "tensors.npy").tolist()
    rows: dict[int, list[np.ndarray]] = {t: [] for t in tensors}
    anew = bool(np.load(folder / "anew.npy"))
    for example in zip(*_inputs(folder), strict=True):
        if anew:
            interpreter.reset()
        for position, values in enumerate(example):
            interpreter.set_input(values, position)
        interpreter.invoke()
        for t in tensors:
            found = interpreter.GetTensor(t, 0)["tensor_data"]
            rows[t].append(raw(found.reshape(1, -1))[0].copy())
    for t, found in rows.items():
        np.save(folder / f"{t}.npy", np.stack(found))


def _inputs(folder: Path) -> list[np.ndarray]:
    count = len(list(folder.glob("input_*.npy")))
    return [np.load(folder / f"input_{position}.npy") for position in range(count)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
