"""Where firmware/ and templates/ are: inside an installed wheel, or beside the package."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder "firmware" or "templates" that ships with tinyforge."""
    packaged = _PACKAGE / f"_{name}"
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
