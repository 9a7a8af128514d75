"""How work tells its user what goes on. The command line's Ui does it; tests need nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Protocol

# progress(stage, done, total), as training reports it.
Reports = Callable[[str, int, int], None]


class Stages(Protocol):
    """stage: a context in which something runs; what it gives is called with the number of
    steps that are done.

    seconds: wall time since the command began.
    """

    @property
    def seconds(self) -> float: ...

    def stage(
        self, title: str, total: int | None = None
    ) -> AbstractContextManager[Callable[[int], None]]: ...

    def note(self, text: str) -> None: ...


class Titled:
    """Stages, whose titles and notes begin with a name: of that which they are of."""

    def __init__(self, stages: Stages, name: str) -> None:
        self._stages = stages
        self._name = name

    @property
    def seconds(self) -> float:
        return self._stages.seconds

    def stage(
        self, title: str, total: int | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        return self._stages.stage(f"{self._name}: {title}", total)

    def note(self, text: str) -> None:
        self._stages.note(f"{self._name}: {text}")


class Silent:
    """Stages of which nobody is told."""

    seconds = 0.0

    def stage(
        self, title: str, total: int | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        del title, total
        return nullcontext(lambda _: None)

    def note(self, text: str) -> None:
        pass


@contextmanager
def reported(stages: Stages, titles: Mapping[str, str]) -> Iterator[Reports]:
    """A function that shows (stage, done, total) reports as stages, one after the other.

    titles: what a stage is called for the user.
    """
    with ExitStack() as stack:
        current = ""
        tell: Callable[[int], None] = lambda _: None  # noqa: E731 - replaced at once

        def report(stage: str, done: int, total: int) -> None:
            nonlocal current, tell
            if stage != current:
                stack.close()
                tell = stack.enter_context(stages.stage(titles.get(stage, stage), total))
                current = stage
            tell(done)

        yield report
