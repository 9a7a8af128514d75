"""What int8 adds to a model's values: how much, in which layer, and why."""
