"""How a plan tells what share of its work is done: a number from 0 to 1, of the most there can be.

Searches end when nothing better can be found, which may be long before all their work is done.
"""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[float], None]


def ignored(share: float) -> None:
    """Tells nobody."""


def forward(tell: Tell) -> Tell:
    """For work whose rounds are not counted beforehand: a round that begins anew is told of when it
    passes what was told."""
    furthest = 0.0

    def told(share: float) -> None:
        nonlocal furthest
        if share >= furthest:
            furthest = share
            tell(share)

    return told


def part(tell: Tell, begin: float, end: float) -> Tell:
    """For work that is a part of another's: what it is told, as the share of the whole."""
    return lambda share: tell(begin + (end - begin) * min(1.0, share))
