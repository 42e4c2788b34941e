"""`GradScaler`: the loss is scaled before backward and the gradients back after it, so that small ones survive."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from framework.autograd.dtypes import float16
from framework.autograd.tensor import Tensor


class GradScaler:
    """Scales losses by a factor that shrinks when gradients overflow, and grows after a run of steps without.

    A step with an infinite or undefined gradient is left out. Source: `torch.amp.GradScaler`.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._enabled = enabled
        if enabled and device == "cuda":
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._scale = float(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._steps = 0
        # Whether `scale` was called, as every iteration does.
        self._begun = False
        # Of each optimizer since the last update, by its id: whether its step was made, whether a gradient was no
        # finite number.
        self._seen: dict[int, list[bool]] = {}

    def scale(self, outputs: Any) -> Any:
        """The outputs (a tensor, or a nest of them) times the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._begun = True
            return outputs * self._scale
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of an optimizer's parameters by the factor, as clipping needs them."""
        if not self._enabled:
            return
        self._check_begun("unscale_")
        if id(optimizer) in self._seen:
            if self._seen[id(optimizer)][0]:
                raise RuntimeError("unscale_() is being called after step().")
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        inverse = float(np.float32(1.0 / self._scale))
        overflowed = False
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                if gradient.dtype is float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                overflowed = overflowed or not bool(np.isfinite(gradient._array).all())
                np.multiply(gradient._array, inverse, out=gradient._array)
                gradient._bump()
        self._seen[id(optimizer)] = [False, overflowed]

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step on unscaled gradients, or none where one of them is no finite number."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_begun("step")
        if id(optimizer) not in self._seen:
            self.unscale_(optimizer)
        seen = self._seen[id(optimizer)]
        if seen[0]:
            raise RuntimeError("step() has already been called since the last update().")
        seen[0] = True
        if not any(each.grad is not None for group in optimizer.param_groups for each in group["params"]):
            raise AssertionError("No inf checks were recorded for this optimizer.")
        return None if seen[1] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapts the factor to what the last steps met, or sets it; called once at the end of each iteration."""
        if not self._enabled:
            return
        self._check_begun("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor) and (new_scale.numel() != 1 or new_scale.requires_grad):
                raise AssertionError(
                    "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with "
                    "requires_grad=False."
                )
            self._scale = float(new_scale)
        else:
            if not self._seen:
                raise AssertionError("No inf checks were recorded prior to update.")
            if any(overflowed for _, overflowed in self._seen.values()):
                self._scale = float(np.float32(self._scale * self._backoff_factor))
                self._steps = 0
            else:
                self._steps += 1
                if self._steps == self._growth_interval:
                    grown = float(np.float32(self._scale * self._growth_factor))
                    self._scale = grown if np.isfinite(grown) else self._scale
                    self._steps = 0
        self._seen = {}

    def _check_begun(self, name: str) -> None:
        if not self._begun:
            raise AssertionError(
                f"Attempted {name} but _scale is None.  This may indicate your script did not use scaler.scale(loss or "
                "outputs) earlier in the iteration."
            )

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return self._enabled

    def get_scale(self) -> float:
        """The factor; 1 where it is switched off."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """By what the factor grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets by what the factor grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By what the factor shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets by what the factor shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps the factor grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets after how many good steps the factor grows."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes; empty where it is switched off."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from a state."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._steps = state_dict["_growth_tracker"]
