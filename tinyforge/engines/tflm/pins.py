"""TensorFlow Lite Micro and what it is compiled with: versions that belong together.

flatbuffers' version is checked by a static_assert in TFLM's generated schema; the others are those
that TFLM's own build downloads at this commit.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One upstream repository at one commit.

    commit: all 40 digits. version: what people call it. licence: SPDX. purpose: why it is needed.
    """

    owner: str
    name: str
    commit: str
    version: str
    licence: str
    purpose: str

    @property
    def title(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        return f"https://github.com/{self.title}.git"


SOURCES = (
    Source(
        "tensorflow",
        "tflite-micro",
        "90b983c2b3f1480642e040bbd2ddb37b998f3424",
        "90b983c2",
        "Apache-2.0",
        "interpreter, kernels",
    ),
    Source(
        "ARM-software",
        "CMSIS-NN",
        "4ab83cc3cc98fb85ed6dafb55e8ca02f1628dcae",
        "4ab83cc3",
        "Apache-2.0",
        "Cortex-M kernels",
    ),
    Source(
        "ARM-software",
        "CMSIS_6",
        "5782d6f8057906d360f4b95ec08a2354afe5c9b9",
        "5782d6f8",
        "Apache-2.0",
        "headers of the cores",
    ),
    Source(
        "google",
        "flatbuffers",
        "187240970746d00bbd26b0f5873ed54d2477f9f3",
        "v25.9.23",
        "Apache-2.0",
        "the .tflite format",
    ),
    Source(
        "google",
        "gemmlowp",
        "719139ce755a0f31cbf1c37f7f98adcc7fc9f425",
        "719139ce",
        "Apache-2.0",
        "fixed point",
    ),
    Source(
        "google",
        "ruy",
        "d37128311b445e758136b8602d1bbd2a755e115d",
        "d3712831",
        "Apache-2.0",
        "kernels' headers",
    ),
)
