"""Labelled pictures: drawn by us, downloaded, or the user's own."""

from tinyforge.datasets.types import Dataset, Splits

__all__ = ["Dataset", "Splits"]
