"""Checkpoints: what a run must know to go on as if it had never been interrupted, and the folders that keep it."""
