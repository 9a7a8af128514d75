"""What would help a model on a board, and by how much: without training it."""
