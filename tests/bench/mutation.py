"""What a project's own golden vectors see of single changes of its C, and what reading back sees.

A project is generated as `tinyforge build` does it; then constants are changed one at a time, the
one file is compiled again for this computer, and the self-test that ships with it runs. What it
does not see goes the way of `tinyforge simulate`: constants read back from an ELF, the boundary's
functions, every layer on the emulator. A change that only those see must be one of which the report
says that the golden vectors may miss it; one that nobody sees, and that is not listed, is a hole.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.mutation [MODELS] [--count 200] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.changes import WEIGHTS, Change, Spot, drawn
from tests.bench.figures import MODELS
from tests.bench.packed import packed_spots
from tests.device.emulated import Quiet
from tinyforge.errors import ForgeError
from tinyforge.generation import choose_golden, generate, planned
from tinyforge.project import writer
from tinyforge.project.layout import sources_for
from tinyforge.proof.budget import require_exact
from tinyforge.proof.examples import Examples, synthetic
from tinyforge.proof.record import ConstantCoverage
from tinyforge.sim.toolchains.build import Driver, compile_objects, run
from tinyforge.sim.toolchains.host import host_driver
from tinyforge.source import open_tflite
from tinyforge.spec import Spec
from tinyforge.verification import verify_folder

REAL = ("har", "speech_commands", "okay_nabu", "arrhythmia", "fomo_balloon")

_TEST = """\
#include "forge/forge.h"
int main(void) {
  const forge_status status = forge_init();
  return (int)(status != FORGE_OK ? status : forge_selftest());
}
"""
_SECONDS = 30.0
_JOBS = 2


class Verdict(Enum):
    """By what a change is seen first."""

    GOLDEN = "golden vectors"
    READ_BACK = "read-back alone"
    LAYERS = "layers alone"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Judged:
    """A change, by what it is seen, and whether the report lists it as invisible to the vectors."""

    change: Change
    verdict: Verdict
    listed: bool

    @property
    def hole(self) -> bool:
        return self.verdict is not Verdict.GOLDEN and not self.listed


class Bench:
    """One model's project, built, and what becomes of it with a change."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.settings = Spec(engine="aot")
        source = open_tflite(model, Quiet())
        examples = synthetic(source.graph, 24, self.settings.seed)
        engines = planned(source, self.settings, Quiet())
        chosen = choose_golden(source, examples, self.settings, Quiet(), engines)
        golden = Examples(chosen.inputs)
        self.made = generate(source, golden, self.settings, Quiet(), golden=chosen, of=engines)
        self.examples = golden
        self.folder = folder
        self.project = writer.write(self.made.files, folder / "project")
        (folder / "test.c").write_text(_TEST)
        sources, self.include = sources_for(self.project, "aot", "native")
        self.sources = [s for s in sources if s.name != "main.c"] + [folder / "test.c"]
        base = host_driver()
        self.driver = Driver(base.command, compile=("-O1", "-w"), environment=base.environment)
        self.objects = compile_objects(
            self.driver, self.sources, include=self.include, objects=folder / "objects"
        )

    def judged(self, number: int, change: Change) -> Judged:
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{number:03d}-") as name:
            verdict = self._verdict(Path(name), change)
        return Judged(change, verdict, self._listed(change))

    @property
    def packed(self) -> set[int]:
        """Layers whose tables' words are not the model's constants."""
        return {c.layer for c in self.made.seen if " (" in c.constant}

    def instead(self, files: Mapping[str, str]) -> Iterator[Spot]:
        assert self.made.plan is not None
        return packed_spots(files[WEIGHTS], self.made.plan, self.made.aim.target, self.packed)

    def sound(self) -> bool:
        """Whether the self-test passes without any change."""
        return self._passes(self.objects, self.folder / "sound")

    def _verdict(self, folder: Path, change: Change) -> Verdict:
        files = dict(self.made.files)
        text = files[change.path]
        assert isinstance(text, str)
        files[change.path] = change.applied(text)
        project = writer.write(files, folder / "project")
        if not self._passes(self._recompiled(project, change), folder / "test"):
            return Verdict.GOLDEN
        try:
            proof = verify_folder(self.made, project, self.examples, self.settings, Quiet())
        except ForgeError:
            return Verdict.READ_BACK
        try:
            require_exact(proof)
        except ForgeError:
            return Verdict.LAYERS
        return Verdict.NOBODY

    def _recompiled(self, project: Path, change: Change) -> list[Path]:
        """The objects with those in the place of the old ones that a change is in."""
        inside = {change.path} if change.path.endswith(".c") else {"src/common.c", "src/golden.c"}
        sources = {path: self.project / path for path in inside}
        folder = project.parent / "objects"
        include = (project / "include", *self.include)
        made = compile_objects(
            self.driver, [project / path for path in sources], include=include, objects=folder
        )
        new = dict(zip(sources.values(), made, strict=True))
        return [
            new.get(source, old) for source, old in zip(self.sources, self.objects, strict=True)
        ]

    def _passes(self, objects: Sequence[Path], program: Path) -> bool:
        command = (*self.driver.command, *map(str, objects), "-o", str(program))
        run(self.driver, command, doing="linking", where=str(program))
        try:
            done = subprocess.run([program], capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _listed(self, change: Change) -> bool:
        """Whether the report says that golden vectors may miss it: by name or in words."""
        if change.layer is None or change.kind == "offset":
            return True
        found = [one for one in self.made.seen if _is(one, change)]
        known = [one for one in found if one.pairs == (change.kind == "row order")]
        return bool(known) and (known[0].missed == "all" or change.element in elements(known[0]))


def _is(one: ConstantCoverage, change: Change) -> bool:
    """Whether a row is of the constant that is changed; a packed one has its name in the model."""
    packed = one.layer == change.layer and one.constant.endswith(f" ({change.constant})")
    return packed or one.constant == change.constant


def elements(known: ConstantCoverage) -> set[str]:
    """What is missed, one by one: "0-2, 7" is 0, 1, 2 and 7; "3/5-6" is 3/5 and 3/6."""
    found = set()
    for part in filter(None, known.missed.split(", ")):
        prefix, slash, numbers = part.rpartition("/")
        first, _, last = numbers.partition("-")
        if first.isdigit():
            span = range(int(first), int(last or first) + 1)
            found |= {f"{prefix}{slash}{number}" for number in span}
        else:
            found.add(part)
    return found


def judge(model: Path, count: int, seed: int) -> list[Judged]:
    """So many changes of a model's project. AssertionError where it is wrong without any."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        bench = Bench(model, Path(name))
        assert bench.sound(), f"{model.stem} fails its self-test as it is"
        files = {path: text for path, text in bench.made.files.items() if isinstance(text, str)}
        changes = drawn(files, count, seed, packed=bench.packed, instead=bench.instead(files))
        with ThreadPoolExecutor(_JOBS) as pool:
            return list(pool.map(bench.judged, range(len(changes)), changes))


def main() -> int:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    options = argparse.ArgumentParser()
    options.add_argument("models", nargs="*", default=[*MODELS, *REAL])
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    console = Console(width=110)
    table = Table("model", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("changes", *(v.value for v in Verdict), "listed", "UNSEEN"):
        table.add_column(title, justify="right")
    holes = 0
    for name in given.models:
        found = judge(next(corpus.glob(f"*/{name}.tflite")), given.count, given.seed)
        counts = Counter(one.verdict for one in found)
        missed = [one for one in found if one.hole]
        listed = sum(one.listed and one.verdict is not Verdict.GOLDEN for one in found)
        row = (name, *map(str, (len(found), *(counts[v] for v in Verdict), listed, len(missed))))
        table.add_row(*row)
        sys.stderr.write(f"{' '.join(row)}\n")
        holes += len(missed)
        for one in missed:
            change = one.change
            sys.stderr.write(
                f"{name}: {change.kind}, {change.constant} {change.element} -> "
                f"{change.text[:30]}: {one.verdict.value}\n"
            )
    console.print(table)
    return 1 if holes else 0


if __name__ == "__main__":
    raise SystemExit(main())
