"""python -m tinyforge, and the tinyforge script."""

import signal
import sys

from tinyforge.interrupts import EXIT_INTERRUPTED


def main() -> None:
    """Runs the command line. An interrupt while it is still being imported ends it quietly too;
    when all is done there is nothing to interrupt."""
    try:
        from tinyforge.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
