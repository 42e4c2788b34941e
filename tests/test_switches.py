"""PyTorch's switches and namespaces of what is not here: harmless where they may be, clear where not."""

import importlib

import pytest

import framework as torch
from framework import threads


def test_threads_are_set_and_read():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert torch.get_num_threads() == before >= 1


def test_threads_of_an_unknown_library(monkeypatch):
    monkeypatch.setattr(threads, "_controls", lambda: None)
    monkeypatch.setattr(threads._Asked, "threads", None)
    with pytest.warns(UserWarning, match="OMP_NUM_THREADS"):
        torch.set_num_threads(3)
    assert torch.get_num_threads() == 3


def test_interop_threads_are_set_once(monkeypatch):
    monkeypatch.setattr(threads._Asked, "interop", None)
    torch.set_num_interop_threads(2)
    assert torch.get_num_interop_threads() == 2
    with pytest.raises(RuntimeError, match="cannot set number of interop threads"):
        torch.set_num_interop_threads(2)


@pytest.mark.parametrize("name", ["trace", "load", "save", "ScriptModule"])
def test_torchscript_is_refused_with_what_to_use(name):
    with pytest.raises(NotImplementedError, match=r"framework\.compile"):
        getattr(torch.jit, name)(torch.sin, None)


def test_marks_for_torchscript_change_nothing():
    def function(x):
        return x

    assert torch.jit.ignore(function) is torch.jit.unused(function) is torch.jit.export(function) is function
    assert torch.jit._overload_method(function) is torch.jit._overload(function) is function
    assert torch.jit.ignore(drop=True)(function) is torch.jit.script_if_tracing(function) is function
    assert torch.jit.isinstance([1], list[int]) and not torch.jit.isinstance(1, (list[int], str))


def test_labels_for_the_profiler_change_nothing_without_one():
    with torch.profiler.record_function("forward"):
        assert torch.ones(1).item() == 1

    @torch.profiler.record_function("call")
    def double(x):
        return 2 * x

    assert double(3) == 6


def test_autocast_on_the_cpu_says_what_to_do():
    with pytest.raises(RuntimeError, match="enabled=False"):
        torch.autocast("cpu")
    with pytest.raises(RuntimeError, match="stays in float32"):
        torch.amp.autocast("cpu", dtype=torch.float16)
    with pytest.warns(UserWarning, match="Disabling autocast"):
        torch.autocast("cpu", dtype=torch.float32)

    @torch.autocast("cpu", enabled=False)
    def one():
        return torch.ones(1)

    assert one().dtype is torch.float32 and not torch.is_autocast_enabled("cpu")


def test_older_names_of_amp_advise_the_newer():
    amp = importlib.import_module("framework.cuda.amp")
    with pytest.warns(FutureWarning, match="torch.amp.autocast"):
        amp.autocast(enabled=False)
    with pytest.warns(FutureWarning, match="torch.amp.GradScaler"):
        assert not amp.GradScaler(enabled=False).is_enabled()
    assert torch.cuda.amp is amp

    class Double(torch.autograd.Function):
        @staticmethod
        @amp.custom_fwd
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        @amp.custom_bwd
        def backward(ctx, gradient):
            return 2 * gradient

    x = torch.ones(1, requires_grad=True)
    Double.apply(x).backward()
    assert x.grad.item() == 2


def test_devices_that_are_not_here():
    for module in (torch.cuda, torch.mps, torch.xpu, torch.accelerator):
        assert not module.is_available() and module.device_count() == 0
        module.synchronize()
    assert torch.cpu.is_available() and torch.cpu.current_device() == "cpu"
    with torch.backends.cudnn.flags(enabled=False):
        assert torch.backends.cudnn.enabled is False
    assert torch.backends.cudnn.enabled is True and not torch.backends.mkl.is_available()


def test_what_it_computes_with_is_shown():
    assert "NumPy" in torch.__config__.show() and "processors" in torch.__config__.parallel_info()
    assert torch.version.hip is None


def test_flush_denormal_is_not_promised():
    assert torch.set_flush_denormal(True) is False and torch.set_flush_denormal(False) is True


def test_a_function_marked_disable_is_never_compiled():
    seen = []

    @torch.compiler.disable
    def count(x):
        seen.append(torch.compiler.is_compiling())
        return x + 1

    compiled = torch.compile(lambda x: count(x) * 2)
    with pytest.warns(UserWarning):
        assert compiled(torch.ones(2)).tolist() == [4.0, 4.0]
    assert compiled(torch.ones(2)).tolist() == [4.0, 4.0]
    assert not any(seen) and len(seen) == 2


def test_compiler_names_that_change_nothing():
    assert torch.compiler.allow_in_graph(len) is torch.compiler.assume_constant_result(len) is len
    torch.compiler.reset()
    torch.compiler.cudagraph_mark_step_begin()
    with torch.compiler.set_stance("default"):
        pass
    with pytest.raises(NotImplementedError, match="force_eager"):
        torch.compiler.set_stance("force_eager")


def test_processors_are_no_more_than_the_control_groups_ration(tmp_path, monkeypatch):
    def shares(own: str, **files: str) -> list[float]:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "cgroup" / name.replace("__", "/").replace("_max", ".max").replace("cpu_cfs", "cpu.cfs")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(threads._shares(tmp_path / "own", tmp_path / "cgroup"))

    assert shares("0::/a/b\n", a__b__cpu_max="max 100000\n", a__cpu_max="150000 100000\n") == [1.5]
    assert shares("0::/elsewhere\n", cpu_max="50000 100000\n") == [0.5]  # in a container, the host's path
    first = {"cpu__c__cpu_cfs_quota_us": "400000\n", "cpu__c__cpu_cfs_period_us": "100000\n"}
    assert shares("3:cpuset:/x\n4:cpu,cpuacct:/c\n", **first, cpu__cpu_cfs_quota_us="-1\n") == [4.0]
    assert list(threads._shares(tmp_path / "none")) == []

    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    for found, number in (([], 8), ([1.5], 2), ([0.1, 16.0], 1)):
        monkeypatch.setattr(threads, "_shares", lambda found=found: iter(found))
        assert threads.processors() == number
