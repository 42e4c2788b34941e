"""L-BFGS: Newton's method, the curvature guessed from how the gradient changed over the last steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd import Tensor, enable_grad, no_grad
from framework.operations import cat
from framework.optim.line_search import Point, strong_wolfe
from framework.optim.optimizer import Optimizer, ParamsT
from framework.optim.options import check_lr

__all__ = ["LBFGS"]

# PyTorch's names for the last direction, its factor, the history of gradients' changes, steps and 1 / (change · step),
# the scale of the curvature, and the last gradient and loss.
_KEPT = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


class LBFGS(Optimizer):
    """Takes up to `max_iter` steps at a time, for which it evaluates a closure up to `max_eval` times.

    A step is `lr` times the direction, or what a search along it finds best with line_search_fn="strong_wolfe". It stops
    where no gradient is above `tolerance_grad`, or nothing changes by more than `tolerance_change`. All parameters are in
    one group, and what is kept, the last `history_size` steps and changes of the gradient, is the state of the first.
    Its decisions depend on values: a step is not compiled.
    Nocedal and Wright, "Numerical optimization", 2006, chapter 7.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:
        """Take steps by the losses and gradients of `closure`; gives its first loss."""
        if len(self.param_groups) != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {len(self.param_groups)}")
        closure = enable_grad()(closure)
        group = self.param_groups[0]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        state["func_evals"] += 1
        evaluated, loss, grad = 1, float(first), self._flat_grad()
        if grad.abs().max() <= group["tolerance_grad"]:
            return first
        kept = {name: state.get(name) for name in _KEPT}
        for turn in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            kept["d"] = direction = self._direction(state, kept, grad)
            kept["prev_flat_grad"], kept["prev_loss"] = grad, loss
            kept["t"] = self._first_try(state, grad)
            slope = grad.dot(direction)
            if slope > -group["tolerance_change"]:
                break
            here = Point(0, loss, grad, slope)
            there, evaluations = self._go(closure, here, kept["t"], direction, turn, group["max_eval"] - evaluated)
            kept["t"], loss, grad, _ = there
            evaluated += evaluations
            state["func_evals"] += evaluations
            if (
                turn == group["max_iter"]
                or evaluated >= group["max_eval"]
                or grad.abs().max() <= group["tolerance_grad"]
                or (direction * kept["t"]).abs().max() <= group["tolerance_change"]
                or abs(loss - here.loss) < group["tolerance_change"]
            ):
                break
        state.update(kept)
        return first

    def _direction(self, state: dict[str, Any], kept: dict[str, Any], grad: Tensor) -> Tensor:
        """Minus the gradient times the inverse of the curvature, as the history of steps tells it."""
        if state["n_iter"] == 1:
            kept.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return grad.neg()
        changes, steps, inverses = kept["old_dirs"], kept["old_stps"], kept["ro"]
        history = self.param_groups[0]["history_size"]
        change, step = grad - kept["prev_flat_grad"], kept["d"] * kept["t"]
        curvature = change.dot(step)
        if curvature > 1e-10:
            for entries, new in ((changes, change), (steps, step), (inverses, 1.0 / curvature)):
                if len(entries) == history:
                    entries.pop(0)
                entries.append(new)
            kept["H_diag"] = curvature / change.dot(change)
        parts = state.setdefault("al", [None] * history)
        result = grad.neg()
        for i in reversed(range(len(changes))):
            parts[i] = steps[i].dot(result) * inverses[i]
            result = result - parts[i] * changes[i]
        result = result * kept["H_diag"]
        for i in range(len(changes)):
            result = result + (parts[i] - changes[i].dot(result) * inverses[i]) * steps[i]
        return result

    def _first_try(self, state: dict[str, Any], grad: Tensor) -> Any:
        """How far to go along the direction, before any search: not far while no curvature is known."""
        lr = self.param_groups[0]["lr"]
        lr = lr.squeeze() if isinstance(lr, Tensor) else lr
        return min(1.0, 1.0 / grad.abs().sum()) * lr if state["n_iter"] == 1 else lr

    def _go(
        self, closure: Callable[[], Any], here: Point, step: Any, direction: Tensor, turn: int, limit: int
    ) -> tuple[Point, int]:
        """Move all parameters along a direction; gives the point reached, and the number of evaluations."""
        group = self.param_groups[0]
        if group["line_search_fn"] is None:
            self._move(step, direction)
            if turn == group["max_iter"]:
                # Another batch may come: what the loss is now will not be asked.
                return here._replace(step=step), 0
            return Point(step, float(closure()), self._flat_grad(), None), 1
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        before = [parameter.clone() for parameter in self._params]

        def at(step: Any) -> Point:
            self._move(step, direction)
            loss, grad = float(closure()), self._flat_grad()
            for parameter, value in zip(self._params, before, strict=True):
                parameter.copy_(value)
            return Point(step, loss, grad, grad.dot(direction))

        found, evaluations = strong_wolfe(at, here, step, direction, group["tolerance_change"], limit)
        self._move(found.step, direction)
        return found, evaluations

    def _flat_grad(self) -> Tensor:
        """A copy of the gradients of all parameters, one after the other; zeros where there is none."""
        grads = [each.new_zeros(each.numel()) if each.grad is None else each.grad.view(-1) for each in self._params]
        return cat(grads, 0)

    def _move(self, step: Any, direction: Tensor) -> None:
        """Move all parameters along a direction."""
        start = 0
        for parameter in self._params:
            part = direction[start : start + parameter.numel()]
            parameter.add_(step * part.view_as(parameter))
            start += parameter.numel()
