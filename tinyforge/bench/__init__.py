"""What a model costs, layer by layer, beside what it costs elsewhere."""
