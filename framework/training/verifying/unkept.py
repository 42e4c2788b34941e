"""What of a person's plugins changes in training and no checkpoint holds: where a resumed run may come to differ."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from framework.plugin.checks import marked
from framework.training.own_state.state import OwnState

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["Unkept"]


class Unkept:
    """Remembers how a trainer's plugins are when it is made, which is before training."""

    def __init__(self, trainer: Trainer) -> None:
        kept = trainer, trainer.recipe, trainer.model, trainer.optimizer, trainer.scheduler
        self._trainer = trainer
        self._plugins = OwnState(dict(_plugins_without_state(trainer)), kept)

    def found(self) -> list[str]:
        """What has changed since, and what cannot be kept, a sentence each."""
        self._trainer.saving.own.changed()  # looks at them anew
        changed = [f"{path}, which changes: it has no save_state" for path in self._plugins.changed()]
        return [*self._trainer.saving.may_differ(), *changed, *self._plugins.unkept()]


def _plugins_without_state(trainer: Trainer) -> Iterator[tuple[str, object]]:
    """The person's plugins that keep nothing in a checkpoint, each by its name."""
    for plugin in trainer.plugins.plugins:
        for name, part in plugin.parts.items():
            home = part.__name__ if isinstance(part, ModuleType) else type(part).__module__
            if "save_state" in plugin.hooks or home.partition(".")[0] in ("framework", "framework_plugins"):
                continue
            if isinstance(part, ModuleType):  # what its hooks name is what they may change
                yield from ((f"plugin {name}.{hook}", function) for hook, function, _ in marked(part))
            else:
                yield f"plugin {name}", part
