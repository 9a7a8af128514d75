"""Random networks as whole firmware on an emulated core: exact, and what was planned is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.memory import graphs
from tests.memory.picks import random_picks
from tinyforge.cli.ui import Ui
from tinyforge.generation import generate
from tinyforge.proof import examples
from tinyforge.proof.budget import require_exact
from tinyforge.source import open_tflite
from tinyforge.spec import FeedChoice, Spec
from tinyforge.tflite import write
from tinyforge.verification import verify

pytest.importorskip("unicorn")
pytest.importorskip("tflite_micro")

KINDS = {
    "pictures": lambda seed: graphs.random_pictures(seed, 12),
    "blocks": lambda seed: graphs.random_blocks(seed, 3),
    "signals": lambda seed: graphs.random_signals(seed, 8),
    "moves": lambda seed: graphs.random_moves(seed, 12),
    "picks": lambda seed: random_picks(seed, 8),
    "states": lambda seed: graphs.random_states(seed, 8),
}


@pytest.mark.parametrize("feed", ["frame", "rows"])
@pytest.mark.parametrize("seed", range(110, 114))
@pytest.mark.parametrize("kind", KINDS)
def test_the_proof_holds(kind: str, seed: int, feed: FeedChoice, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    graph = KINDS[kind](seed)
    model.write_bytes(write(replace(graph, outputs=graph.outputs[-1:])))
    ui, settings = Ui(), Spec(feed=feed, engine="aot", machine="unicorn", toolchain="zig")
    source = open_tflite(model, ui)
    fed = examples.synthetic(source.graph, 4, seed)
    generated = generate(source, fed, settings, ui)
    require_exact(verify(generated, fed, settings, ui))
