"""The one error a user sees: what is wrong, where, and what to do next."""


class ForgeError(Exception):
    """Anything that is the input's, the board's or the machine's fault.

    The command line prints it without a traceback and exits with status 2; nothing was written.

    what: one sentence. where: the layer, tensor, file or line. fix: what the user does next.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"where: {self.where}")
        if self.fix:
            parts.append(f"fix: {self.fix}")
        return "\n  ".join(parts)


class DoesNotFitError(ForgeError):
    """The linker ran out of flash or RAM: how much is missing, before anything was measured."""
