"""A model's variants beside each other: what each is worth, and what it takes on a board."""
