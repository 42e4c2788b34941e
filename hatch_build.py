"""Puts `recipes/` into the wheel as `framework/_recipes`, where `framework recipes` finds them.

An editable install runs the checkout itself, `recipes/` included, so nothing is copied for it.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RecipesInWheel(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["recipes"] = "framework/_recipes"
