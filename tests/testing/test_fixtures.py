"""The fixtures for those who write plugins, used as they use them."""

import json
import sys
from types import ModuleType

import numpy as np
import pytest

import framework
from framework.autograd.operation import operation
from framework.extend import UserError, hookimpl
from framework.testing import GradcheckError
from framework.testing.power_cut import PowerCut
from framework.training.trainer import Trainer
from tests.tiny import tiny


class Forgets:
    """Halves the gradients of every other step, without a thought of resuming."""

    steps = 0

    @hookimpl
    def before_step(self, trainer):
        self.steps += 1
        if self.steps % 2:
            for parameter in trainer.model.parameters():
                parameter.grad /= 2


class Halves(Forgets):
    """The same, and remembers which, when `keeps` is set."""

    def __init__(self, keeps=True):
        self.keeps = keeps

    @hookimpl
    def save_state(self):
        return {"steps": self.steps} if self.keeps else {}

    @hookimpl
    def load_state(self, state):
        self.steps = state.get("steps", 0)


class Faulty:
    """An observer that fails."""

    @hookimpl
    def log(self, record):
        raise ValueError("no room")


def test_a_manager_of_ones_own(plugin_manager):
    assert not plugin_manager.plugins

    class Adds:
        @hookimpl
        def register_losses(self, register):
            register("cubic", abs)

    plugin_manager.register(Adds())
    assert dict(plugin_manager.registry("losses")) == {"cubic": abs}
    plugin_manager.register(Faulty())
    with pytest.raises(UserError, match=r"Plugin 'Faulty' failed in log: ValueError: no room \(test_fixtures.py:"):
        plugin_manager.call("log", trainer=None, record={})


def test_a_module_goes_by_its_name(plugin_manager):
    module = ModuleType("shiny")
    exec("from framework.extend import hookimpl\n@hookimpl\ndef after_step(): 1 / 0", vars(module))
    plugin_manager.register(module)
    with pytest.raises(UserError, match="Plugin 'shiny' failed in after_step"):
        plugin_manager.call("after_step", trainer=None)


def test_calls_are_noted(tiny_run, hook_calls):
    trainer = tiny_run(hook_calls, epochs=2)
    hook_calls.assert_called("log", times=2)
    hook_calls.assert_called("after_step", times=6)
    hook_calls.assert_called("train_end")
    assert hook_calls.names[-1] == "run_end"
    assert [each["record"]["epoch"] for each in hook_calls.of("log")] == [1, 2]
    assert hook_calls.of("run_end")[0] == {"trainer": trainer, "status": "finished", "reason": "all epochs done"}
    with pytest.raises(AssertionError, match=r"after_step was called 6 times, not twice\. Called were: .*log twice"):
        hook_calls.assert_called("after_step", times=2)
    with pytest.raises(AssertionError, match=r"interrupted was called never\."):
        hook_calls.assert_called("interrupted")
    with pytest.raises(LookupError, match="Did you mean 'after_step'"):
        hook_calls.assert_called("after_steps")


def test_the_recorder_changes_nothing(tiny_run, hook_calls):
    assert tiny_run().history["train/loss"] == tiny_run(hook_calls).history["train/loss"]


def test_a_tiny_run(tiny_run):
    trainer = tiny_run()
    assert trainer.history.status == "finished" and trainer.step == 9
    assert trainer.history["train/loss"][-1] < trainer.history["train/loss"][0]
    assert len((trainer.run.path / "metrics.jsonl").read_text().splitlines()) == 3
    other = tiny_run(loss="bce_with_logits", optimizer="sgd", hyperparameters={"lr": 0.5}, epochs=1)
    assert other.run.path != trainer.run.path and other.optimizer.param_groups[0]["lr"] == 0.5
    assert tiny_run(options={"clip_norm": 1e-9}).history.final["train/loss"] > trainer.history.final["train/loss"]


def test_a_tiny_run_of_a_recipe(tiny_run):
    def recipe(*, lr: float = 0.1, epochs: int = 2):
        model = framework.nn.Linear(1, 1)
        return tiny(model=model, optimizer=framework.optim.SGD(model.parameters(), lr=lr), epochs=epochs)

    assert len(tiny_run(recipe=recipe, epochs=1, compile=False).history.records) == 1
    with pytest.raises(UserError, match="Give the function"):
        tiny_run(recipe=tiny())
    with pytest.raises(UserError, match="no part 'los'. Did you mean 'loss'"):
        tiny_run(los="mse")


def test_what_would_be_reported_is_raised(tiny_run):
    with pytest.raises(UserError, match="Plugin 'Faulty' failed in log"):
        tiny_run(Faulty())


@pytest.mark.parametrize("compile", [True, False])
def test_a_power_cut(tiny_run, crash_at, hook_calls, compile):
    often = {"checkpoint_every": "2steps"}
    crashed = tiny_run(hook_calls, crash_at(5), options=often, compile=compile)
    assert crashed.step == 5 and json.loads((crashed.run.path / "run.json").read_text())["status"] == "running"
    assert not crashed.run.alive
    assert {"run_failed", "interrupted", "run_end"}.isdisjoint(hook_calls.names)
    resumed = tiny_run(resume=crashed.run, options=often, compile=compile)
    assert resumed.step == 9 and resumed.history.status == "finished"
    assert resumed.history["train/loss"] == tiny_run(compile=compile).history["train/loss"]
    with pytest.raises(PowerCut):
        Trainer(tiny(), plugins=[crash_at(1)]).fit()


def test_a_resume_that_is_exact(assert_exact_resume):
    assert_exact_resume(Halves())


def test_a_resume_that_is_not(assert_exact_resume):
    with pytest.raises(AssertionError, match=r"Crashed after step 4 .*(?s:.*)weights\.0\.weight: \d+ of 12 values"):
        assert_exact_resume(lambda: [Halves(keeps=False)], steps=[4])


def test_what_is_not_kept_is_named(assert_exact_resume):
    with pytest.raises(
        AssertionError, match=r"(?s)No checkpoint holds: plugin Forgets\.steps, which changes: it has no"
    ):
        assert_exact_resume(Forgets, steps=[4])


def test_a_module_is_as_at_the_start_of_each_training(assert_exact_resume, monkeypatch):
    module = ModuleType("forgets")
    code = """
from framework.extend import hookimpl
steps = 0
@hookimpl
def before_step(trainer):
    global steps
    steps += 1
    if steps % 2:
        for parameter in trainer.model.parameters():
            parameter.grad /= 2
"""
    exec(code, vars(module))
    monkeypatch.setitem(sys.modules, "forgets", module)
    with pytest.raises(AssertionError, match="weights"):
        assert_exact_resume(module, steps=[4])


def test_a_training_that_cannot_be_repeated(assert_exact_resume):
    random = np.random.default_rng()  # seeded by nothing

    class Shakes:
        @hookimpl
        def before_step(self, trainer):
            for parameter in trainer.model.parameters():
                parameter.grad *= float(random.random())

    with pytest.raises(AssertionError, match="The training itself is not repeatable"):
        assert_exact_resume(Shakes(), steps=[3])
    with pytest.raises(UserError, match="has the steps 1 to 9"):
        assert_exact_resume(steps=[10])


def cube(wrong=1):
    return operation(lambda input: input * input * input, name="cube", input=lambda g, input: wrong * 3 * g * input**2)


def test_operations_are_checked(check_operation, gradcheck):
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    check_operation(cube(), x)
    gradcheck(cube(), x)
    message = r"cube: the derivative for 'input' \(test_fixtures\.py:\d+\) is not .* 6 of 36 .* as 6 instead of 3"
    for check in (check_operation, gradcheck):
        with pytest.raises(GradcheckError, match=message):
            check(cube(wrong=2), x)

    def writes(g, input):
        g *= input
        return g * 2

    square = operation(lambda input: input * input, name="squares", input=writes)
    with pytest.raises(
        AssertionError, match=r"squares writes into what it was given \(test_fixtures\.py:\d+\): a formula"
    ):
        check_operation(square, x)
    constant = operation(
        lambda input: np.exp(input), name="grows", input=lambda g, input: g * np.exp(np.array(input.tolist()))
    )
    with pytest.raises(GradcheckError, match="are right, but not when they are differentiated once more, by 'input'"):
        gradcheck(constant, x)


def test_pytest_shows_them(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shown = pytester.runpytest_inprocess("-p", "framework_pytest", "--fixtures").stdout.str()
    for name in sys.modules["framework_pytest"].__all__:
        assert f"\n{name} -- " in shown, name
    assert "no docstring available" not in shown.partition("framework_pytest")[2]
