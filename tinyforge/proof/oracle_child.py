"""The process in which TensorFlow Lite Micro runs: `python -m tinyforge.proof.oracle_child DIR`.

DIR holds model.tflite, inputs.npy (n, *input shape) int8 and tensors.npy (indices); it receives
<index>.npy, (n, bytes) int8, for each of the tensors.
"""

import sys
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

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
    for values in np.load(folder / "inputs.npy"):
        interpreter.set_input(values, 0)
        interpreter.invoke()
        for t in tensors:
            found = interpreter.GetTensor(t, 0)["tensor_data"]
            rows[t].append(np.asarray(found, np.int8).reshape(-1).copy())
    for t, found in rows.items():
        np.save(folder / f"{t}.npy", np.stack(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
