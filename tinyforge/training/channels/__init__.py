"""Channels of a Keras model are removed for real: what is left is a smaller plain Keras model.

calls lists what a model computes, rules says where each layer hands its channels, groups which of
them can only go together, costs what they take, importance how much they would be missed, choice
which go, rebuild makes the smaller model, and schedule does all this in turns with training.
"""

from tinyforge.training.channels.costs import Cost
from tinyforge.training.channels.schedule import CUTS, Removed, removable, remove_channels

__all__ = ["CUTS", "Cost", "Removed", "removable", "remove_channels"]
