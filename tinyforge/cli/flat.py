"""Commands as Typer takes them: it knows single options, our commands take groups of them too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, TypeGuard

from tinyforge.cli.ui import Ui


class Group:
    """Options that belong together: a frozen dataclass, whose fields are options with defaults."""


def flat(run: Callable[..., None]) -> Callable[..., None]:
    """The command that run is: each group's options in the group's place, the Ui's at the end.

    run: takes a Ui, in whose errors() it runs, then arguments, options and groups of options.
    """
    _, *taken = _parameters(run)
    groups = {p.name: p.annotation for p in taken if _is_group(p.annotation)}

    @functools.wraps(run)
    def command(**given: Any) -> None:
        ui = Ui(**_popped(Ui, given))
        with ui.errors():
            made = {name: group(**_popped(group, given)) for name, group in groups.items()}
            run(ui, **given, **made)

    parts = [_parameters(groups[p.name]) if p.name in groups else [p] for p in taken]
    options = [
        option.replace(kind=Parameter.KEYWORD_ONLY)
        for part in (*parts, _parameters(Ui))
        for option in part
    ]
    # Typer reads both.
    command.__signature__ = Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _is_group(annotation: Any) -> TypeGuard[type[Group]]:
    return isinstance(annotation, type) and issubclass(annotation, Group)


def _parameters(made: Callable[..., Any]) -> list[Parameter]:
    return list(inspect.signature(made, eval_str=True).parameters.values())


def _popped(made: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Out of what is given that which it takes."""
    return {parameter.name: given.pop(parameter.name) for parameter in _parameters(made)}
