"""What an update over the air has to carry: one build beside another."""
