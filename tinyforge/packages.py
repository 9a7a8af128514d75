"""Packages that a step needs beside the base install, and the command that brings them.

A hint names the packages themselves: `tinyforge` on PyPI is somebody else's, and a name that
only an index decides on must not stand in a command that users copy.
"""

from __future__ import annotations

# As in pyproject.toml, by the extra that brings them.
TRAIN = (
    "httpx>=0.27",
    "pillow>=10",
    "tensorflow==2.21.*",
    "tf-keras==2.21.*",
    "tensorflow-model-optimization==0.8.1",
)
OTA = ("bsdiff4>=1.2.6",)
SIM = (
    "ziglang>=0.14",
    "unicorn>=2.1.4",
    "capstone>=5.0.1,<6",
    "tflite-micro>=0.dev20250101",
)
TUNE = ("optuna>=5,<6",)
DASK = ("dask[distributed]>=2025.1",)
RAY = ("ray>=2.40",)


def pip_install(*requirements: str) -> str:
    """The command. requirements: as pip takes them; quoted where a shell would read more."""
    quoted = (f'"{r}"' if set(r) & set("<>=*![] ") else r for r in requirements)
    return f"pip install {' '.join(quoted)}"
