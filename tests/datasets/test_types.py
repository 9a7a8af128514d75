"""Splitting: nothing lost, nothing twice, every class in proportion."""

import numpy as np
import pytest

from tinyforge.datasets import Dataset
from tinyforge.errors import ForgeError


def numbered(counts: tuple[int, ...]) -> Dataset:
    """Pictures of 2x2 that all differ, counts[i] of class i."""
    n = sum(counts)
    images = np.arange(n * 4, dtype=np.uint32).view(np.uint8).reshape(n, 4, 4)
    labels = np.repeat(np.arange(len(counts)), counts)
    return Dataset(images, labels, tuple("abc"[: len(counts)]))


def keys(data: Dataset) -> list[bytes]:
    return [image.tobytes() for image in data.images]


def test_parts_are_disjoint_and_complete() -> None:
    data = numbered((60, 30, 10))
    parts = data.split((0.5, 0.2, 0.3), seed=3)
    together = [key for part in parts for key in keys(part)]
    assert sorted(together) == sorted(keys(data))
    for part, share in zip(parts, (0.5, 0.2, 0.3), strict=True):
        assert np.bincount(part.labels).tolist() == [60 * share, 30 * share, 10 * share]


def test_labels_stay_with_their_pictures() -> None:
    data = numbered((20, 20))
    label = dict(zip(keys(data), data.labels, strict=True))
    for part in data.split(seed=1):
        assert [label[key] for key in keys(part)] == part.labels.tolist()


def test_the_same_seed_gives_the_same_parts() -> None:
    data = numbered((40, 40))
    first, again, other = (data.split(seed=seed).training for seed in (5, 5, 6))
    assert keys(first) == keys(again)
    assert keys(first) != keys(other)


def test_parts_are_shuffled_across_classes() -> None:
    held_out = numbered((100, 100)).split(seed=0).held_out
    assert np.count_nonzero(np.diff(held_out.labels)) > 0 and held_out.labels[0:8].std() > 0


def test_a_class_too_small_for_three_parts_is_refused() -> None:
    with pytest.raises(ForgeError, match="class 'b' has 2 pictures"):
        numbered((50, 2)).split()


def test_colour_pictures_split_too() -> None:
    data = Dataset(np.zeros((30, 4, 5, 3), np.uint8), np.repeat([0, 1], 15), ("a", "b"))
    assert data.shape == (4, 5, 3)
    assert data.split().training.images.shape[1:] == (4, 5, 3)


def test_the_data_s_own_parts_are_kept() -> None:
    data = numbered((20, 20))
    parts = np.tile([0, 0, 0, 2], 10)
    own = Dataset(data.images, data.labels, data.classes, parts)
    training, validation, held_out = own.split((0.7, 0.1, 0.2), seed=1)
    assert sorted(keys(held_out)) == sorted(keys(own.take(np.flatnonzero(parts == 2))))
    assert len(validation) == 3 and len(training) == 27
    assert not set(keys(training)) & set(keys(validation))
    parts[::8] = 1
    three = Dataset(data.images, data.labels, data.classes, parts).split(seed=1)
    assert [len(part) for part in three] == [25, 5, 10]
