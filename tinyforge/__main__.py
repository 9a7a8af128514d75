"""python -m tinyforge, and the tinyforge script."""

import sys

from tinyforge.interrupts import EXIT_INTERRUPTED


def main() -> None:
    """Runs the command line. An interrupt while it is still being imported ends it quietly too."""
    try:
        from tinyforge.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
