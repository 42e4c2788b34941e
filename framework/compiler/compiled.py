"""`compile`: a function of tensors that is traced once and then runs as a program of NumPy calls."""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any, overload

from numpy import ndarray

from framework.autograd.grad_mode import mode
from framework.autograd.tensor import Tensor
from framework.compiler import nest
from framework.compiler.building import build, effects_outside
from framework.compiler.entry import MISS, Entry
from framework.compiler.timing import preparing
from framework.compiler.tracing.instructions import Unforeseen
from framework.compiler.tracing.outcome import TracedOutcome, arrays_of, difference
from framework.compiler.tracing.recording import Recording, freed, record
from framework.compiler.watch.user_code import frames_to_user

LIMIT = 8
"""How many programs a function keeps, and how many traces in a row may serve no later call."""

NOT_CALLED = "it has not been called yet"

ALIKE = 3
"""How many calls with the traced batch itself are waited for another, on which to check a program."""


class CompileError(RuntimeError):
    """A function cannot be compiled; the message says what in it, and where."""


class CompileWarning(UserWarning):
    """A function, or a call of it, runs as it is written instead of as a program."""


class Compiled:
    """A function that runs as programs, one for each form of its arguments. `compile` makes it."""

    def __init__(
        self,
        function: Callable[..., Any],
        fullgraph: bool = False,
        title: str | None = None,
        names: Callable[[], Iterable[tuple[str, Tensor]]] = tuple,
    ) -> None:
        self.title = title or f"{getattr(function, '__qualname__', type(function).__name__)}()"
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.fullgraph = fullgraph
        self.eager: str | None = None
        self._entries: list[Entry] = []
        # Traces since a program last served a call.
        self._strikes = 0
        # Why the last call that was traced gave no program.
        self._passing = NOT_CALLED
        self._parameters = _parameter_names(function)
        # Names for tensors, besides those under which the function finds them.
        self._tensor_names = names

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if mode.trace is None:
            try:
                for entry in self._entries:
                    result = entry.serve(args, kwargs)
                    if result is not MISS:
                        if self._entries and entry is not self._entries[0]:
                            self._to_front(entry)
                        return result
            except Unforeseen:
                # It may be this one batch: the function as it is written serves it.
                return self.function(*args, **kwargs)
            if self.eager is None:
                with preparing("tracing"):
                    return self._traced(args, kwargs)
        return self.function(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        # A decorated method is compiled for each object: another self is another program.
        return self if instance is None else functools.partial(self, instance)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        # Its programs hold the arrays of what it was compiled with.
        return Compiled(copy.deepcopy(self.function, memo), self.fullgraph)

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self.function, self.fullgraph)

    def __getattr__(self, name: str) -> Any:
        # A compiled model is still asked for its parameters, or told to train().
        if name.startswith("__") or "function" not in self.__dict__:
            raise AttributeError(f"'Compiled' object has no attribute {name!r}")
        return getattr(self.function, name)

    def __repr__(self) -> str:
        return f"<compiled {self.function!r}>"

    @property
    def programs(self) -> list[Any]:
        """The programs made so far, the last used first."""
        return [each.program for each in self._entries]

    @property
    def program(self) -> Any:
        """The program used last. RuntimeError before the first call, or where the function runs as it is written."""
        if not self._entries:
            why = f"it runs as it is written: {self.eager}" if self.eager else self._passing
            raise RuntimeError(f"{self.title} has no program: {why}")
        return self._entries[0].program

    def recheck(self) -> None:
        """Has the next call of each program checked against the function as it is written."""
        for entry in self._entries:
            entry.serve = self._checking(entry)

    def reset(self) -> None:
        """Forgets all programs."""
        self._entries, self._strikes, self.eager, self._passing = [], 0, None, NOT_CALLED

    def _to_front(self, entry: Entry) -> None:
        self._strikes = 0
        self._entries = [entry, *[each for each in self._entries if each is not entry]]

    # The first call of a form

    def _traced(self, args: Any, kwargs: Any) -> Any:
        """Traces a call. The result is the traced run's, or, where a program came of it, that program's."""
        problem = _cannot_be_given(args, kwargs) or (
            "hooks of saved tensors or anomaly detection are on" if mode.watchers or mode.anomaly else None
        )
        if problem is not None:
            return self._without(problem, lambda: self.function(*args, **kwargs))
        self._strikes += 1
        recording = record(self.function, args, kwargs, self._parameters)
        if recording.error is not None:
            return self._after_error(recording, args, kwargs)
        if recording.problem is not None:
            return self._without(recording.problem, lambda: freed(recording))
        passing = effects_outside(recording)
        if passing is not None:
            # What comes twice in the same words, comes every time.
            if self._strikes >= LIMIT or passing == self._passing:
                self._refuse(passing)
            self._passing = passing
            result = freed(recording)
            recording.trace.forget()
            return result
        return self._first(recording, args, kwargs)

    def _after_error(self, recording: Recording, args: Any, kwargs: Any) -> Any:
        """The function raised while it was traced: it may be its own error, or that it does not take traced arrays.

        Run once more as it is written, it tells; but not where the traced run did what cannot be undone.
        """
        error = recording.error
        assert error is not None
        if recording.problem is not None or effects_outside(recording) is not None:
            raise error
        recording.undo()
        recording.trace.forget()
        result = self.function(*args, **kwargs)
        self._refuse(f"{type(error).__name__} while it was traced: {error}")
        return result

    def _first(self, recording: Recording, args: Any, kwargs: Any) -> Any:
        """Runs a new program on the traced call's arguments: it must give what the traced run gave."""
        expected = TracedOutcome(recording)
        recording.undo()
        names = {id(tensor): name for name, tensor in self._tensor_names()}
        try:
            entry = build(recording, self.function, args, kwargs, names)
        except Exception as error:
            # Ours to mend, and nothing that the caller should stumble on.
            self._refuse(f"no program could be written of it ({type(error).__name__}: {error})")
            return self.function(*args, **kwargs)
        recording.trace.forget()
        before = entry.snapshot(args, kwargs)
        wrong: str | None = "its own conditions"
        try:
            result = entry.call(args, kwargs)
            if result is not MISS:
                wrong = expected.differs_from(result)
                for number in range(len(expected.walks)):
                    # Each pass uses up the memory that the graph of the result needs.
                    wrong = wrong or expected.walk_differs(number, result)
                    before.restore()
                    result = entry.call(args, kwargs)
        except Exception as error:
            wrong = f"an exception that the program raises: {type(error).__name__}: {error}"
        if wrong is not None:
            before.restore()
            self._refuse(f"its program disagrees with it about {wrong}")
            return self.function(*args, **kwargs)
        if self._strikes >= LIMIT:
            self._refuse(self._why_again())
            return result
        self._passing = NOT_CALLED
        entry.serve = self._checking(entry, _digest(args, kwargs))
        self._entries = [entry, *self._entries[: LIMIT - 1]]
        return result

    def _checking(self, entry: Entry, traced: Any = None) -> Callable[[Any, Any], Any]:
        """The call of a program that is to be checked: the next one, and if that has the traced batch, another too."""
        alike = 0

        def call(args: Any, kwargs: Any) -> Any:
            nonlocal alike
            if not entry.accepts(args, kwargs):
                return MISS
            same = traced is not None and _digest(args, kwargs) == traced
            alike += same
            if same and 1 < alike <= ALIKE:
                return entry.call(args, kwargs)
            with preparing("checking"):
                return self._checked(entry, args, kwargs, again=same and alike < ALIKE)

        return call

    def _checked(self, entry: Entry, args: Any, kwargs: Any, again: bool) -> Any:
        """Runs the function as it is written, then the program; they must agree to the bit."""
        before = entry.snapshot(args, kwargs)
        eager = self.function(*args, **kwargs)
        expected, after = arrays_of(eager), entry.snapshot(args, kwargs)
        before.restore()
        result = entry.call(args, kwargs)
        if result is MISS:
            after.restore()
            return eager
        wrong = difference(expected, arrays_of(result)) or entry.snapshot(args, kwargs).differs_from(after)
        if wrong is None:
            if not again:
                entry.serve = entry.call
            self._strikes = 0
            return result
        self._refuse(f"its program disagrees with it about {wrong}")
        after.restore()
        return eager

    # Without a program

    def _without(self, problem: str, run: Callable[[], Any]) -> Any:
        self._refuse(problem)
        return run()

    def _refuse(self, problem: str) -> None:
        """From now on the function runs as it is written; CompileError if it must not."""
        text = f"{self.title} cannot be compiled: {problem}"
        if self.fullgraph:
            raise CompileError(text)
        self.eager = problem
        self._entries = []
        text += ". It runs as it is written, with the same results."
        warnings.warn(text, CompileWarning, stacklevel=1 + frames_to_user())

    def _why_again(self) -> str:
        why = self._entries[0].explain() if self._entries else "its conditions never hold again"
        return f"{LIMIT} calls in a row each needed another program ({why})"


def _cannot_be_given(args: Any, kwargs: Any) -> str | None:
    """Why a call's arguments cannot be told apart from another's."""
    if not nest.has_plain_keys((args, kwargs)):
        return "a dict among its arguments has keys that are neither str nor int"
    for _, leaf in nest.paths((args, kwargs), ""):
        if isinstance(leaf, Tensor) and type(leaf._array) is not ndarray:
            return f"an argument holds a {type(leaf._array).__name__}, not a NumPy array"
    return None


def _digest(args: Any, kwargs: Any) -> Any:
    """What tells one batch from another."""
    return [hash(each.tobytes()) for each in arrays_of((args, kwargs))]


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    try:
        # A module's are those of its forward.
        return list(inspect.signature(getattr(function, "forward", function)).parameters)
    except (TypeError, ValueError):
        return []


@overload
def compile(model: Callable[..., Any], /, *, fullgraph: bool = False) -> Compiled: ...


@overload
def compile(*, fullgraph: bool = False) -> Callable[[Callable[..., Any]], Compiled]: ...


def compile(model: Any = None, /, *, fullgraph: bool = False, dynamic: Any = None, **options: Any) -> Any:
    """Makes a function run as a program of NumPy calls, written when it is first called; also a decorator.

    The function may be a loss, a model's forward pass, or a whole training step with `backward()` and
    `optimizer.step()`. What cannot be a program runs as it is written, with a CompileWarning that says why and where;
    `fullgraph` makes that a CompileError. `compiled.program.source` is the text. Results are the same, to the bit.
    Source: `torch.compile`, whose `dynamic`, `backend`, `mode`, `options` and `disable` are taken and change nothing,
    `disable` apart.
    """
    if model is None:
        return functools.partial(compile, fullgraph=fullgraph, dynamic=dynamic, **options)
    unknown = options.keys() - {"backend", "mode", "options", "disable"}
    if unknown:
        raise TypeError(f"compile() got an unexpected keyword argument {unknown.pop()!r}")
    if not callable(model):
        raise TypeError(f"compile() takes a function or a module, not {type(model).__name__}")
    if options.get("disable"):
        return model
    return Compiled(model, fullgraph)
