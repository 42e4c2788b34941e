"""PyTorch's `torch.profiler.profile`: times operations, lines of compiled programs and labelled blocks.

with profile() as prof:
    loss = model(x).sum()
print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from threading import get_native_id
from time import perf_counter
from typing import Any

from framework.autograd.grad_mode import Bracket
from framework.profiler.averages import EventList, FunctionEvent, FunctionEventAvg, averages
from framework.profiler.flame import flame_graph
from framework.profiler.recorder import Recorder
from framework.profiler.schedules import ProfilerAction, ProfilerActivity

__all__ = ["profile", "record_function", "tensorboard_trace_handler"]

NOT_MEASURED = ("profile_memory", "with_stack", "with_flops", "with_modules")


class profile:
    """Records what runs inside, or in the steps that `schedule` says, each of which ends with `step()`.

    Operations are under PyTorch's names (`aten::mm`, `MmBackward0`), a compiled program's lines under their functions'
    (`compiled::dot`). Time is measured on the CPU; memory, stacks, FLOPs and modules are not.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Any = None,
    ) -> None:
        _check_activities(activities)
        asked = dict(zip(NOT_MEASURED, (profile_memory, with_stack, with_flops, with_modules), strict=True))
        missing = [name for name, wanted in asked.items() if wanted]
        if missing:
            warnings.warn(f"profile() measures time alone: {', '.join(missing)} changes nothing", stacklevel=2)
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.record_shapes, self.record_steps = record_shapes, schedule is not None
        self.acc_events = acc_events
        self.step_num = 0
        self.current_action = self.schedule(0)
        self._recorder: Recorder | None = None
        self._events: list[tuple[str, float, float]] = []
        self._on, self._step = contextlib.ExitStack(), contextlib.ExitStack()

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the first step."""
        if self.current_action.records:
            self._record()
        self._begin_step()

    def stop(self) -> None:
        """Ends the last step."""
        self._step.close()
        if self.current_action.records:
            self._save()

    def step(self) -> None:
        """Says that a step is done."""
        self._step.close()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE or (before.records and not self.current_action.records):
            self._save()
            before = ProfilerAction.NONE
        if self.current_action.records and not before.records:
            self._record()
        self._begin_step()

    def _begin_step(self) -> None:
        if self.record_steps and self._recorder is not None and self._recorder.listens():
            self._step.enter_context(self._recorder.span("label", "ProfilerStep*"))

    def _record(self) -> None:
        if self._recorder is None or not self.acc_events:
            self._recorder = Recorder("profile", operations=True, listen=self._hear, shapes=self.record_shapes)
            self._events, self._started = [], perf_counter()
        self._on.enter_context(self._recorder.on())

    def _hear(self, name: str, started: float, seconds: float) -> None:
        self._events.append((name, started - self._started, seconds))

    def _save(self) -> None:
        if self._recorder is None:
            raise AssertionError("Profiler must be initialized before stopping trace")
        self._on.close()
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _recorded(self, purpose: str) -> Recorder:
        if self._recorder is None:
            raise AssertionError(f"Profiler must be initialized before {purpose}")
        return self._recorder

    # What was found

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList[FunctionEventAvg]:
        """The events by their names, and by the shapes of what they were given, if `record_shapes` kept those."""
        return averages(self._recorded("getting key averages").tree, group_by_input_shape and self.record_shapes)

    def events(self) -> EventList[FunctionEvent]:
        """Each call that ran, in the order in which they began."""
        self._recorded("accessing events")
        thread = get_native_id()
        found = [FunctionEvent(*each, thread) for each in sorted(self._events, key=lambda each: (each[1], -each[2]))]
        return EventList(found)

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """Writes the events as a file that chrome://tracing and Perfetto show; compressed if its name ends in .gz."""
        self._recorded("exporting chrome trace")
        process, thread = os.getpid(), get_native_id()
        events = [
            {
                "ph": "X",
                "cat": "cpu_op",
                "name": name,
                "pid": process,
                "tid": thread,
                "ts": start * 1e6,
                "dur": took * 1e6,
            }
            for name, start, took in self._events
        ]
        text = json.dumps({"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": events})
        content = text.encode()
        with open(path, "wb") as file:
            file.write(gzip.compress(content) if str(path).endswith(".gz") else content)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Refused: stacks are not recorded."""
        raise NotImplementedError(
            "export_stacks() is not available: no stacks are recorded. prof.flame_graph() is a picture of what ran "
            "inside what, the text of an SVG file"
        )

    def flame_graph(self) -> str:
        """What ran inside what, and how long, as the text of an SVG file."""
        return flame_graph(self._recorded("drawing").tree)


def _check_activities(activities: Iterable[ProfilerActivity] | None) -> None:
    given = {ProfilerActivity.CPU} if activities is None else {each for each in activities if each in _ACTIVITIES}
    if not given:
        raise AssertionError("No valid profiler activities found")
    for each in sorted(given - {ProfilerActivity.CPU}):
        warnings.warn(f"{each.name} is not available, disabling {each.name} profiling", stacklevel=3)


_ACTIVITIES = set(ProfilerActivity)


class record_function(Bracket):
    """Names a block for the profile that is being recorded, if any; in a compiled program the block has no name."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self._span: Any = None

    def _copy(self) -> Any:
        return record_function(self.name, self.args)

    def __enter__(self) -> record_function:
        recorder = Recorder.current
        if recorder is not None:
            self._span = recorder.span("label", self.name)
            self._span.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        span, self._span = self._span, None
        if span is not None:
            span.__exit__(None, None, None)


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False, use_python_export: bool = False
) -> Callable[[profile], None]:
    """For `on_trace_ready`: writes each trace into a folder, under names of which none is there twice."""

    def handle(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json"
        prof.export_chrome_trace(os.path.join(dir_name, name + (".gz" if use_gzip else "")))

    return handle
