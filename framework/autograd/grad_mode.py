"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

Each works as a context manager and as a decorator (generators included), and holds for the calling thread only.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from framework.autograd.float_errors import quietly, silent_context


class Mode(threading.local):
    """What the calling thread does with the operations it runs.

    `recording` is False, True, or a function called with each new node (anomaly mode, saved-tensor hooks).

    `run(function, *arrays)` calls in silence, in another context: for what `runs_anywhere` alone. It raises
    RuntimeError when a signal handler or a finalizer runs an operation in the midst of another. `apart` is `quietly`,
    for all else. A trace puts itself in the place of both.

    All of it is in `__dict__`: who needs several of these finds them there with one look.
    """

    recording: Any
    inference: bool
    run: Callable[..., Any]
    apart: Callable[..., Any]
    # What `is_grad_enabled` says in inference mode, where nothing is recorded either way.
    enabled_in_inference = False
    anomaly: bool
    check_nan = True
    # The backward walk whose hook of a tensor runs.
    walk: Any = None
    # The message of `disable_saved_tensors_hooks`, where it holds.
    hooks_refused: str | None = None
    # Whether the innermost backward walk is one for chosen tensors.
    partial: bool
    watchers: tuple[Callable[[Any], None], ...] = ()
    # The open level of forward mode: `framework.autograd.forward_ad`.
    dual: Any = None
    # What is called before random numbers are drawn, if anything: `vmap` refuses them, `checkpoint` notes their start.
    before_draw: Callable[[], None] | None = None
    # What answers `decide` for a batch of values: set by `vmap`.
    decided: Callable[[Any, Any], Any] | None = None
    # What is told of operations as they run: `framework.autograd.observing`.
    observer: Any = None
    # What records this thread's run for the compiler: `framework.compiler.tracing.trace.Trace`.
    trace: Any

    def __init__(self) -> None:
        self.recording = True
        self.inference = False
        self.run = silent_context().run
        self.apart = quietly
        self.anomaly = self.partial = False
        self.trace = None


mode = Mode()


def _notify(node: Any) -> None:
    for watcher in mode.watchers:
        watcher(node)


def recording_on() -> Any:
    """The value of `mode.recording` that records: with watchers, the function that tells them of each new node.

    In inference mode nothing is recorded.
    """
    return False if mode.inference else _notify if mode.watchers else True


@contextlib.contextmanager
def watching(watcher: Callable[[Any], None]) -> Iterator[None]:
    """Has `watcher(node)` called for every node recorded inside."""
    before = mode.watchers
    mode.watchers = (*before, watcher)
    if mode.recording:
        mode.recording = _notify
    try:
        yield
    finally:
        mode.watchers = before
        if mode.recording:
            mode.recording = recording_on()


class Bracket:
    """A context manager that also works as a decorator, each call in a copy of it; generators included."""

    def _copy(self) -> Any:
        return type(self)()

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *exception: object) -> None:
        raise NotImplementedError

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(function, type):
            function.__init__ = self(function.__init__)  # type: ignore[misc]
            return function
        if function.__code__.co_flags & 0x20 if hasattr(function, "__code__") else False:
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self._copy():
                return function(*args, **kwargs)

        return wrapper

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The mode holds while the generator's body runs, not while its caller does."""

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with self._copy():
                        value = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                except GeneratorExit:
                    with self._copy():
                        generator.close()
                    raise
                except BaseException as error:
                    resume = functools.partial(generator.throw, error)
                else:
                    resume = functools.partial(generator.send, sent)

        return wrapper


class _GradMode(Bracket):
    """A context manager and decorator that sets the mode and puts the former one back."""

    def __init__(self, enabled: bool, inference: bool | None = None) -> None:
        self._enabled = enabled
        self._inference = inference
        self._before: list[tuple[Any, bool, bool]] = []

    def _copy(self) -> _GradMode:
        return _GradMode(self._enabled, self._inference)

    def __enter__(self) -> None:
        self._before.append(_current())
        if self._inference is not None:
            mode.inference = self._inference
        _set(self._enabled)

    def __exit__(self, *exception: object) -> None:
        recording, mode.inference, mode.enabled_in_inference = self._before.pop()
        # Watchers may have come or gone inside.
        mode.recording = recording_on() if recording else False


def _set(enabled: bool) -> None:
    mode.recording = recording_on() if enabled else False
    mode.enabled_in_inference = enabled and mode.inference


class no_grad(_GradMode):
    """Operations inside are not recorded."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return _maybe_decorate(cls, function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(False)


class enable_grad(_GradMode):
    """Operations inside are recorded, also within `no_grad`."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return _maybe_decorate(cls, function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(True)


def _maybe_decorate(cls: type, function: Callable[..., Any] | None) -> Any:
    """`@no_grad` works without parentheses too."""
    if function is None:
        return object.__new__(cls)
    instance: Any = object.__new__(cls)
    instance.__init__()
    return instance(function)


class set_grad_enabled(_GradMode):
    """Switches recording at once, and puts it back when used as a context manager."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._before.append(_current())
        _set(self._enabled)

    def __enter__(self) -> None:
        _set(self._enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.__exit__()
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mode={self._enabled})"


class inference_mode(_GradMode):
    """Operations inside are not recorded, and their results can never be recorded later."""

    def __new__(cls, mode: Any = True) -> Any:
        return object.__new__(cls) if isinstance(mode, bool) else _maybe_decorate(cls, mode)

    def __init__(self, mode: bool = True) -> None:
        # inference_mode(False) inside an inference_mode() is an ordinary recording block again.
        super().__init__(not mode, mode)


class set_multithreading_enabled:
    """Accepted as in PyTorch: a backward walk runs in the thread that calls it, whatever is set."""

    def __init__(self, mode: bool) -> None:
        global _multithreading
        self._before = _multithreading
        self._enabled = _multithreading = bool(mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        global _multithreading
        _multithreading = self._before


_multithreading = True


def is_multithreading_enabled() -> bool:
    """What `set_multithreading_enabled` was given last."""
    return _multithreading


def _current() -> tuple[Any, bool, bool]:
    return mode.recording, mode.inference, mode.enabled_in_inference


def is_grad_enabled() -> bool:
    """Whether operations on this thread are recorded."""
    return bool(mode.recording) or mode.enabled_in_inference


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return mode.inference
