"""Trains what a recipe describes, and keeps what came of it in a run's directory."""

from __future__ import annotations

from framework.training.recipe import Recipe, RecipeFile, build, load_recipe

__all__ = ["Recipe", "RecipeFile", "build", "load_recipe"]
