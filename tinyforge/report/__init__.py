"""What a run showed, for a terminal, a program and a browser."""
