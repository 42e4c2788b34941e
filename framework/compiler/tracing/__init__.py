"""Records what a run does with arrays, by standing in for them, and puts it back."""
