"""`torch.profiler` as its users write it: names, columns, schedules, traces."""

from __future__ import annotations

import gzip
import json
import re
import warnings
from pathlib import Path

import pytest

import framework as torch
from framework.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    supported_activities,
    tensorboard_trace_handler,
)
from framework.profiler.averages import EventList, FunctionEventAvg, time_text

COLUMNS = "Self CPU %      Self CPU   CPU total %     CPU total  CPU time avg    # of Calls  "


def trained(**options) -> profile:
    """The profile of three passes through a small network."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    with profile(activities=[ProfilerActivity.CPU], **options) as prof:
        for _ in range(3):
            with record_function("model_inference"):
                loss = model(torch.ones(2, 3)).sum()
            loss.backward()
    return prof


def counts(prof: profile) -> dict[str, int]:
    return {each.key: each.count for each in prof.key_averages()}


def test_averages_have_pytorchs_names():
    prof = trained()
    assert counts(prof) == {
        "model_inference": 3,
        "aten::linear": 6,
        "aten::relu": 3,
        "aten::sum": 3,
        "SumBackward0": 3,
        "AddmmBackward0": 6,
        "ReluBackward0": 3,
    }
    averages = prof.key_averages()
    [label] = [each for each in averages if each.key == "model_inference"]
    inside = sum(each.cpu_time_total for each in averages if each.key in ("aten::linear", "aten::relu", "aten::sum"))
    assert label.cpu_time_total == pytest.approx(label.self_cpu_time_total + inside)
    assert label.cpu_time == label.cpu_time_total / 3
    assert averages.total_average().count == 27
    assert averages.self_cpu_time_total == pytest.approx(sum(each.self_cpu_time_total for each in averages))


def test_the_table_has_pytorchs_columns():
    averages = trained().key_averages()
    lines = averages.table(sort_by="cpu_time_total", row_limit=2).split("\n")
    rule = "-" * 19 + ("  " + "-" * 12) * 6 + "  "
    assert lines[0] == lines[2] == lines[5] == rule
    assert lines[1] == f"{'Name':>19}    {COLUMNS}"
    assert re.fullmatch(r" +model_inference +[\d.]+% +[\d.]+[mu]?s +[\d.]+% +[\d.]+[mu]?s +[\d.]+[mu]?s +3  ", lines[3])
    assert re.fullmatch(r"Self CPU time total: [\d.]+[mu]?s", lines[6]) and lines[7:] == [""]
    assert str(averages).count("\n") == 7 + 5
    assert averages.table(header="HEAD", row_limit=0).split("\n")[:2] == ["=" * (len(rule) - 2), "HEAD"]
    assert re.search(r"total: [\d.]+s$", averages.table(time_unit="s").rstrip())
    with pytest.raises(AttributeError, match="'FunctionEventAvg' object has no attribute 'nope'"):
        averages.table(sort_by="nope")


def test_a_table_of_known_numbers():
    event = FunctionEventAvg("a" * 60)
    event.count, event.cpu_time_total, event.self_cpu_time_total = 2, 3_000_000.0, 1500.0
    small = FunctionEventAvg("aten::mm", "[[2, 3]]")
    small.count, small.cpu_time_total, small.self_cpu_time_total = 1, 500.0, 500.0
    assert EventList([event, small]).table(sort_by="count") == (
        f"{'-' * 55}  {('-' * 12 + '  ') * 7}\n"
        f"{'Name':>55}    {COLUMNS}Input Shapes  \n"
        f"{'-' * 55}  {('-' * 12 + '  ') * 7}\n"
        f"{'a' * 52}...        75.00%       1.500ms    150000.00%        3.000s        1.500s             2                \n"
        f"{'aten::mm':>55}        25.00%     500.000us        25.00%     500.000us     500.000us             1      [[2, 3]]  \n"
        f"{'-' * 55}  {('-' * 12 + '  ') * 7}\n"
        "Self CPU time total: 2.000ms\n"
    )
    assert EventList().table() == ""
    assert [time_text(each) for each in (0.0, 999.9994, 1000.0, 1e6)] == ["0.000us", "999.999us", "1.000ms", "1.000s"]


def test_shapes_tell_calls_apart_if_recorded():
    shapes = [each.input_shapes for each in trained(record_shapes=True).key_averages(group_by_input_shape=True)
              if each.key == "aten::linear"]  # fmt: skip
    assert shapes == ["[[4], [2, 3], [4, 3]]", "[[1], [2, 4], [1, 4]]"]
    assert "Input Shapes" not in trained().key_averages(group_by_input_shape=True).table()


def test_lines_of_compiled_programs_are_events():
    function = torch.compile(lambda x: (x * 2 + 1).sum())
    for number in range(3):
        function(torch.full((3,), float(number)))
    with profile() as prof:
        function(torch.ones(3))
    assert counts(prof) == {"compiled::multiply": 1, "compiled::add": 1, "compiled::add_reduce": 1}


def test_schedules_are_pytorchs():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cycles = schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)
    named = "NONE NONE WARMUP RECORD RECORD_AND_SAVE NONE WARMUP RECORD RECORD_AND_SAVE NONE NONE"
    assert " ".join(cycles(step).name for step in range(11)) == named
    waited = schedule(wait=2, warmup=1, active=1, skip_first=1, skip_first_wait=1)
    assert " ".join(waited(step).name for step in range(5)) == "NONE WARMUP RECORD_AND_SAVE NONE NONE"
    with pytest.warns(UserWarning, match="won't be using warmup"):
        schedule(wait=1, warmup=0, active=1)
    with pytest.raises(AssertionError, match=r"active=0 \(need > 0\)"):
        schedule(wait=1, warmup=1, active=0)
    with pytest.raises(AssertionError, match="Step must be non-negative. Got -1."):
        cycles(-1)


@pytest.mark.parametrize(
    ("cycles", "steps", "expected"),
    [
        (schedule(wait=1, warmup=1, active=2, repeat=2), 10, [(4, 2), (8, 2)]),
        (schedule(wait=1, warmup=1, active=3, repeat=2), 3, [(3, 2)]),
        (None, 3, [(3, None)]),
    ],
)
def test_what_is_ready_when(cycles, steps, expected):
    ready = []
    with profile(
        schedule=cycles, on_trace_ready=lambda prof: ready.append((prof.step_num, counts(prof).get("ProfilerStep*")))
    ) as prof:
        for _ in range(steps):
            torch.ones(1) + 1
            prof.step()
    assert ready == expected
    assert prof.step_num == steps


def test_start_and_stop_by_hand():
    prof = profile()
    for purpose, call in (("getting key averages", prof.key_averages), ("accessing events", prof.events)):
        with pytest.raises(AssertionError, match=f"Profiler must be initialized before {purpose}"):
            call()
    with pytest.raises(AssertionError, match="before stopping trace"):
        prof.stop()
    for _ in range(2):
        prof.start()
        torch.ones(2).exp()
        prof.stop()
        torch.ones(2).exp()
    assert counts(prof) == {"aten::exp": 1}
    assert prof.current_action is ProfilerAction.RECORD


def test_what_is_not_measured_is_said():
    with pytest.warns(UserWarning, match="profile_memory, with_stack changes nothing"):
        profile(profile_memory=True, with_stack=True)
    with pytest.warns(UserWarning, match="CUDA is not available, disabling CUDA profiling"):
        profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
    with pytest.raises(AssertionError, match="No valid profiler activities found"):
        profile(activities=[])
    with pytest.raises(NotImplementedError, match="flame_graph"):
        trained().export_stacks("stacks.txt")
    assert supported_activities() == {ProfilerActivity.CPU}


def test_events_and_traces(tmp_path: Path):
    prof = trained()
    events = prof.events()
    assert len(events) == 27 and events[0].name == "model_inference"
    assert [event.name for event in events[1:5]] == ["aten::linear", "aten::relu", "aten::linear", "aten::sum"]
    assert all(one.time_range.start <= other.time_range.start for one, other in zip(events, events[1:], strict=False))
    for name in ("trace.json", "trace.json.gz"):
        prof.export_chrome_trace(str(tmp_path / name))
    written = json.loads((tmp_path / "trace.json").read_text("utf-8"))["traceEvents"]
    assert sorted(each["name"] for each in written) == sorted(event.name for event in events)
    assert {each["ph"] for each in written} == {"X"} and all(each["dur"] >= 0 for each in written)
    assert gzip.decompress((tmp_path / "trace.json.gz").read_bytes()) == (tmp_path / "trace.json").read_bytes()
    assert prof.flame_graph().startswith("<svg ")


def test_traces_for_tensorboard(tmp_path: Path):
    trained(on_trace_ready=tensorboard_trace_handler(str(tmp_path / "log"), worker_name="one"))
    [file] = (tmp_path / "log").iterdir()
    assert re.fullmatch(r"one\.\d+\.pt\.trace\.json", file.name)


def test_results_are_the_same_while_profiled():
    def gradients() -> list[bytes]:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
        model(torch.ones(2, 3)).sum().backward()
        return [parameter.grad.numpy().tobytes() for parameter in model.parameters()]

    expected = gradients()
    with profile():
        assert gradients() == expected
