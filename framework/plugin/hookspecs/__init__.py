"""Every place where a plugin can add to the framework: implement one of these functions, marked `@hookimpl`.

An implementation takes any of the arguments that its specification names, in any order, and may leave some out.
`@hookimpl(tryfirst=True)` and `@hookimpl(trylast=True)` move it before or after the others, `@hookimpl(before="other")` and
`@hookimpl(after=["other", "third"])` before or after those of the plugins named.
"""

from __future__ import annotations

from framework.plugin.hookspecs import observers, participants, registries

__all__ = ["observers", "participants", "registries"]
