"""Trains a recipe at many points of its hyperparameters, each as a run of its own, and goes on where that was stopped."""
