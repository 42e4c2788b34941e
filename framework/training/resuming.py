"""Takes up a run that was interrupted, killed or stopped, as if it never had been.

trainer = resume("runs/first")  # or with overrides: resume("runs/first", epochs=50)
history = trainer.fit()
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import Any

from framework.errors import UserError, listed
from framework.plugin.finding import BESIDE, QUIET
from framework.plugin.manager import PluginManager
from framework.plugin.registry import FRAMEWORK, UnknownName
from framework.training.checkpoints.files import Checkpoint, clean_up, newest_valid, set_aside
from framework.training.checkpoints.snapshot import check_kinds, check_weights
from framework.training.data_files import changed_files
from framework.training.hyperparameters import flag, json_value
from framework.training.provenance import different_versions
from framework.training.rebuild import described
from framework.training.recipe import Recipe, RecipeFile, build, load_recipe
from framework.training.run import CONFIG, EVENTS, Run
from framework.training.trainer import Trainer

__all__ = ["NothingToDo", "Resumption", "resume"]

Report = Callable[[str], None]

ABOUT_RESUMING = {
    "given": list,
    "plugins": list,
    "options": dict,
    "compiled": bool,
    "on_nan": str,
    "loggers": list,
    "data": dict,
    "versions": dict,
}
"""What run.json says that a run needs to be resumed."""

ABOUT_A_PLUGIN = {"name", "origin", "distribution", "version"}


class NothingToDo(UserError):
    """The run has ended for good; the message says how to train it further."""


def resume(
    run: str | Path,
    *,
    plugins: PluginManager | Iterable[object] | None = None,
    options: Mapping[str, Any] | None = None,
    compile: bool | None = None,
    on_nan: str | None = None,
    inexact: bool = False,
    **overrides: Any,
) -> Trainer:
    """A Trainer that goes on with a run from its newest valid checkpoint; `fit()` trains.

    Hyperparameters and run options given here replace those of the run, and are recorded. `inexact` goes on also where
    the recipe holds what no checkpoint can keep, such as an iterator half through. Without `plugins`, those
    are loaded that the run had. Raises UserError for a run that another process trains, and where the recipe, a plugin
    or a data file is not what it was; NothingToDo for a run that has ended.
    """
    resumption = Resumption(Run.open(run), _warn)
    try:
        # Of what the command line would show, nothing is printed here.
        given = [*resumption.run.info["given"], *QUIET]
        if plugins is None and not resumption.run.info["plugins"]:
            plugins = ()
        resumption.check(PluginManager.load(given) if plugins is None else plugins)
        file = resumption.recipe_file()
        if plugins is None:
            plugins = PluginManager.load(given, recipe=file)
        return resumption.trainer(
            file, overrides, plugins, options=options or {}, compile=compile, on_nan=on_nan, inexact=inexact
        )
    except BaseException:
        resumption.run.lock.release()
        raise


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)


class Resumption:
    """The steps from a run's directory to a Trainer, which hold the run's lock.

    `report` is told what a person should know, `tell` what is done. A process that does not write the run (`should_write`)
    reads it without the lock, and its Trainer has no run.
    """

    def __init__(self, run: Run, report: Report, tell: Report = lambda _: None, writes: bool = True) -> None:
        self.run, self.report, self.tell, self.writes = run, report, tell, writes
        self.diff = ""
        self.changed: list[str] = []
        self.passed_over = False
        self.loggers: list[str] = []
        self.left_out: list[str] = []
        if not writes:
            _check_info(run)
            return
        run.lock.acquire()
        try:
            _check_info(run)
            clean_up(run.path)
        except BaseException:
            run.lock.release()
            raise

    def recipe_file(self) -> RecipeFile:
        """The run's recipe: the file as it is now, with a warning if it has changed; its copy if it is gone."""
        source = self.run.info["recipe"]
        if source is None:
            raise UserError(f"{self.run.path} has no recipe file, so it cannot be resumed from its folder alone.")
        original = Path(source)
        copy = self.run.path / original.name
        if not original.is_file():
            self.report(f"{original} is gone: going on with the copy in {self.run.path}.")
            with self._naming_left_out():
                return load_recipe(copy, original)
        with self._naming_left_out():
            file = load_recipe(original)
        diffs = {each.name: text for each in file.files if (text := "".join(_diff(self.run.path, each)))}
        self.changed, self.diff = list(diffs), "".join(diffs.values())
        if self.diff:
            self.report(f"The recipe has changed since; the run goes on with it as it is now:\n{self.diff}".rstrip())
        return file

    def trainer(
        self,
        file: RecipeFile,
        overrides: Mapping[str, Any],
        plugins: PluginManager | Iterable[object],
        *,
        options: Mapping[str, Any],
        compile: bool | None = None,
        on_nan: str | None = None,
        inexact: bool = False,
        loggers: Iterable[str] = (),
        signals: Sequence[int] = (SIGINT,),
        command: Iterable[str] | None = None,
    ) -> Trainer:
        """The Trainer that goes on; what it was asked to do otherwise is recorded in the run."""
        run, info = self.run, self.run.info
        checkpoint = self._checkpoint()
        self.loggers = list(dict.fromkeys([*info["loggers"], *loggers]))
        self._check_data(overrides)
        with self._naming_left_out():
            recipe = self._build(file, overrides)
        self._check_end(checkpoint, recipe, overrides, options)
        if checkpoint is not None:
            self._check_kept(checkpoint, inexact)
            check_weights(recipe.model, checkpoint.weights)
        with self._naming_left_out():
            trainer = Trainer(
                recipe,
                plugins=plugins,
                loggers=self.loggers,
                options={**info["options"], **options},
                compile=info["compiled"] if compile is None else compile,
                on_nan=on_nan or info["on_nan"],
                checkpoint=checkpoint,
                signals=signals,
            )
        if checkpoint is not None:
            check_kinds(trainer, checkpoint.state)
        trainer.run = run if self.writes else None
        if checkpoint is not None and (info["status"] == "stopped" or info.get("beyond") == checkpoint.path.name):
            checkpoint.state["stop_reason"] = None
            run.info["beyond"] = checkpoint.path.name  # where it stopped; a run killed before the next one knows it too
        # Not before: a recipe that cannot be trained now, or does not fit the checkpoint, leaves the run as it was.
        if self.writes:
            trainer.begins = lambda: self._record(trainer, checkpoint, overrides, options, command)
        return trainer

    def _check_kept(self, checkpoint: Checkpoint, inexact: bool) -> None:
        """UserError where the checkpoint could not hold all, unless that was said to be well."""
        if checkpoint.state["unkept"] and not inexact:
            raise UserError(
                f"{self.run.path} cannot go on as if it had never been interrupted, since no checkpoint can hold:"
                + listed(checkpoint.state["unkept"])
                + f"\nTo go on all the same, with that as the recipe makes it: framework resume --inexact {self.run.path}"
            )

    def _checkpoint(self) -> Checkpoint | None:
        """The newest that is whole; None where none was written yet. UserError where all are lost."""
        passed_over: list[str] = []
        found = newest_valid(self.run.path, passed_over.append)
        self.passed_over = bool(passed_over)
        for message in passed_over:
            self.report(message)
        if found is None and (self.passed_over or self._has_saved()):
            recipe = self.run.info["recipe"] or "RECIPE"
            raise UserError(
                f"{self.run.path} has no checkpoint any more that can be read, so it cannot go on. To train it anew, in "
                f"another folder: framework train --config {self.run.path / CONFIG} {recipe}"
            )
        return found

    def _has_saved(self) -> bool:
        """Whether the run has written checkpoints, as far as is known."""
        if self.run.info["status"] in ("finished", "stopped"):
            return True
        try:
            return '{"event": "saved"' in (self.run.path / EVENTS).read_text("utf-8", "replace")
        except OSError:
            return False

    def check(self, plugins: PluginManager | Iterable[object]) -> None:
        """UserError where a plugin is missing; what is less grave is reported."""
        info = self.run.info
        if isinstance(plugins, PluginManager):
            here = {plugin.name: plugin for plugin in plugins.plugins}
            left_out = {each.removeprefix("no:") for each in plugins.given if each.startswith("no:")}
            self.left_out = [each["name"] for each in info["plugins"] if each["name"] in left_out]
            needed = [
                each for each in info["plugins"] if each["origin"] != "registered" and each["name"] not in left_out
            ]
            missing = [described(each) for each in needed if each["name"] not in {*here, *BESIDE, FRAMEWORK}]
            if missing:
                raise UserError(f"{self.run.path} was trained with plugins that are not there now:" + listed(missing))
            for each in needed:
                if each["name"] in here and here[each["name"]].version != each["version"]:
                    self.report(
                        f"The plugin {each['name']!r} was of version {each['version']}, "
                        f"and is {here[each['name']].version}."
                    )
        different = different_versions(info["versions"])
        if different:
            self.report(f"The last bits of the numbers may differ from an uninterrupted run: {'; '.join(different)}.")

    @contextmanager
    def _naming_left_out(self) -> Iterator[None]:
        """Where a name is missing, tells of the run's plugins that are left out now; one that nothing needs may be."""
        try:
            yield
        except UnknownName as error:
            if not self.left_out:
                raise
            raise UserError(
                f"{error}\n{self.run.path} was trained with plugins that are left out now:"
                + listed([f"{each}: resume it without -p no:{each}" for each in self.left_out])
            ) from error

    def _check_data(self, overrides: Mapping[str, Any]) -> None:
        """UserError where a data file is not what it was, but for one in whose place another is given."""
        before = self.run.config["hyperparameters"]
        names = {str(value): name for name, value in before.items()}
        replaced = {str(before[name]) for name in overrides if name in before}
        data = {path: mark for path, mark in self.run.info["data"].items() if path not in replaced}
        problems = changed_files(data)
        if problems:
            known = [names[path] for path in data if path in names]
            how = f" (if it is elsewhere now, say where: {flag(known[0])} FILE)" if known else ""
            raise UserError(
                f"{self.run.path} cannot go on as it was, since its data has changed:"
                + listed(problems)
                + f"\nPut the data back{how}, or train anew."
            )

    def _build(self, file: RecipeFile, overrides: Mapping[str, Any]) -> Recipe:
        known = self.run.config["hyperparameters"]
        kept = {name: value for name, value in known.items() if name in file.hyperparameters}
        gone = sorted(known.keys() - kept.keys())
        if gone:
            self.report(f"The recipe has no hyperparameter {', '.join(gone)} any more; the run's value is left out.")
        try:
            return build(file, seed=self.run.info["seed"], **{**kept, **overrides})
        except OSError as error:
            before = self.run.info.get("directory")
            if before is None or Path(before) == Path.cwd():
                raise
            raise UserError(
                f"{error.filename}: {error.strerror or error}. The run was started in {before}: resume it from there."
            ) from error

    def _check_end(
        self, checkpoint: Checkpoint | None, recipe: Recipe, overrides: Mapping[str, Any], options: Mapping[str, Any]
    ) -> None:
        """NothingToDo where the run has ended and nothing was asked for that would make it longer."""
        status, reason = self.run.info["status"], self.run.info["reason"]
        if status not in ("finished", "stopped") or checkpoint is None:
            return
        done = checkpoint.state["epoch"]
        if status == "finished" and recipe.epochs <= done:
            raise NothingToDo(
                f"{self.run.path} has finished: {_epochs(done)} done. To train it further, give more, such as "
                f"`{self.run.command()} --epochs {2 * done}`."
            )
        if status == "stopped" and not overrides and not options:
            raise NothingToDo(
                f"{self.run.path} was stopped after {_epochs(done)}: {reason}. To train it further all the same, say "
                f"how, such as `{self.run.command()} --epochs {recipe.epochs}`."
            )

    def _record(
        self,
        trainer: Trainer,
        checkpoint: Checkpoint | None,
        overrides: Mapping[str, Any],
        options: Mapping[str, Any],
        command: Iterable[str] | None,
    ) -> None:
        run, recipe, before_options = self.run, trainer.recipe, dict(self.run.info["options"])
        before = run.config["hyperparameters"]
        changed = {name: [before.get(name), value] for name, value in overrides.items() if before.get(name) != value}
        if checkpoint is not None and self.passed_over:
            set_aside(run.path, checkpoint.step)
        if self.changed:
            kept = ", ".join(str(run.aside(name)) for name in self.changed)
            self.report(f"As the recipe was before, it is kept as {kept}.")
        run.reconfigure(recipe, dict.fromkeys(changed, "resume"), self.changed)
        run.info["loggers"] = self.loggers
        if trainer.plugins.given:
            run.note_plugins(trainer.plugins)
        run.update(
            status="running",
            reason="",
            ended=None,
            options=dict(trainer.options),
            compiled=trainer.compiled,
            on_nan=trainer.on_nan.policy,
        )
        run.event(
            "resumed",
            step=checkpoint.info["step"] if checkpoint else 0,
            checkpoint=checkpoint.path.name if checkpoint else None,
            overrides={name: [json_value(each) for each in pair] for name, pair in changed.items()},
            options=dict(options),
            command=list(command) if command is not None else None,
            recipe_diff=self.diff,
        )
        where = f"{run.path} has no checkpoint yet: it starts from the beginning"
        if checkpoint is not None:
            where = f"Going on after step {checkpoint.step}, in {run.path}"
        instead = [f"{name} {json_value(new)} instead of {json_value(old)}" for name, (old, new) in changed.items()]
        instead += [f"{name} {value}" for name, value in options.items() if before_options.get(name) != value]
        self.tell(f"{where}, with {', '.join(instead)}." if instead else f"{where}.")


def _epochs(number: int) -> str:
    return "1 epoch" if number == 1 else f"all {number} epochs"


def _diff(folder: Path, file: Path) -> Iterable[str]:
    """What has changed in a file since it was copied, line by line; nothing where there is no copy, or no file."""
    copy = folder / file.name
    if copy.is_file() and file.is_file() and copy.read_bytes() != file.read_bytes():
        before, now = (each.read_text("utf-8", "replace").splitlines() for each in (copy, file))
        yield from (f"{line}\n" for line in difflib.unified_diff(before, now, str(copy), str(file), lineterm=""))


def _check_info(run: Run) -> None:
    """UserError where run.json lacks what resuming needs: an older version wrote it, or it is damaged."""
    info = run.info
    if any(name not in info for name in ABOUT_RESUMING):
        before = info.get("versions")
        version = f" {before['framework']}" if isinstance(before, Mapping) and "framework" in before else ""
        raise UserError(
            f"{run.path} was made by an older version of framework{version}, which did not keep what is needed to go "
            f"on. To train it anew, in another folder: framework train --config {run.path / CONFIG} "
            f"{info['recipe'] or 'RECIPE'}"
        )
    wrong = [name for name, kind in ABOUT_RESUMING.items() if not isinstance(info[name], kind)]
    if not wrong:
        wrong = [name for name in ("given", "loggers") if not all(isinstance(each, str) for each in info[name])]
    if not wrong and not all(isinstance(each, Mapping) and each.keys() >= ABOUT_A_PLUGIN for each in info["plugins"]):
        wrong = ["plugins"]
    if not wrong and not all(isinstance(each, Mapping) and each.keys() >= {"size"} for each in info["data"].values()):
        wrong = ["data"]
    if not wrong and not isinstance(run.config.get("origins"), Mapping):
        raise UserError(f"{run.path / CONFIG} is damaged: its 'origins' are missing.")
    if wrong:
        raise UserError(f"{run.path / 'run.json'} is damaged: {', '.join(map(repr, wrong))} cannot be read.")
