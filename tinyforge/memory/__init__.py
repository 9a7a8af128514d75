"""The arena: which tensors are alive when, and where each one lies."""
