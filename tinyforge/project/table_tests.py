"""What `pio test` compares beside golden vectors: a digest of each of the compiled model's tables.

Tables alone: what C makes of a structure's members may be nowhere but in code. `build`, `simulate`
and `flash` read these back as well.
"""

from __future__ import annotations

import numpy as np

from tinyforge.engines.base import Lowered
from tinyforge.ops.base import Table
from tinyforge.project.digests import FACTOR, digested
from tinyforge.project.templates import render

_FOLDER = "test/test_golden"


def table_test_files(lowered: Lowered | None) -> dict[str, str]:
    """The generated half of test/test_golden; without the compiled engine there are no tables."""
    tables = {} if lowered is None else lowered.tables
    values = {
        "factor": f"0x{FACTOR:08x}u",
        "tables": [
            {"symbol": symbol, "size": len(_stored(table)), "digest": f"0x{_digest(table):08x}u"}
            for symbol, table in tables.items()
        ],
    }
    return {f"{_FOLDER}/tables.{s}": render(f"project/tables.{s}.j2", **values) for s in ("h", "c")}


def _stored(table: Table) -> bytes:
    """A table's bytes in memory."""
    return table.values.astype(table.dtype.newbyteorder("<")).tobytes()


def _digest(table: Table) -> int:
    return digested(0, np.frombuffer(_stored(table), np.int8))
