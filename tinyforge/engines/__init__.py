"""The engines: the ways in which a model runs on the device."""
