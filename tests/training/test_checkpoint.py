"""Checkpoints: what they hold, in which order they are, and that damage of every kind is told by the name of the file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import framework
from framework import nn
from framework.errors import UserError
from framework.training.checkpoints import folders as checkpoint_folders
from framework.training.checkpoints.files import (
    CheckpointError,
    checkpoints,
    clean_up,
    link,
    linked,
    newest_valid,
    read_checkpoint,
    remove,
    set_aside,
    write_checkpoint,
)
from framework.training.checkpoints.folders import discard

FILES = ("weights.npz", "state.npz", "state.json", "manifest.json")


def save(run, step, **info):
    weights = {"weight": framework.ones(2, 3), "bias": framework.zeros(2)}
    state = {"optimizer": {0: {"momentum": np.full((2, 3), 0.5).T}}, "best": float("inf"), "seen": (1, 2)}
    return write_checkpoint(run, {"step": step, **info}, weights, state)


@pytest.fixture
def saved(tmp_path):
    return save(tmp_path, 3, epoch=1, metrics={"loss": float("nan")}, why="end")


def seal(path):
    """Makes the manifest true again, as a writer would that had written these bytes."""
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest["sha256"]
    for name in manifest["files"]:
        data = (path / name).read_bytes()
        manifest["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    write_manifest(path, manifest)


def write_manifest(path, manifest):
    manifest["sha256"] = hashlib.sha256(json.dumps(manifest).encode()).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


def message(function, *arguments):
    with pytest.raises(UserError) as caught:
        function(*arguments)
    return str(caught.value)


def damage(path):
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    return str(caught.value)


def test_what_a_checkpoint_holds(tmp_path, saved):
    assert saved == tmp_path / "checkpoints" / "step-00000003"
    assert sorted(os.listdir(saved)) == sorted(FILES)
    found = read_checkpoint(saved)
    assert found.path == saved and found.step == 3 and found.info["why"] == "end"
    assert list(found.info) == ["step", "epoch", "metrics", "why"] and np.isnan(found.metrics["loss"])
    assert list(found.weights) == ["weight", "bias"] and found.weights["weight"].tolist() == [[1] * 3] * 2
    assert found.state["best"] == float("inf") and found.state["seen"] == (1, 2)
    assert found.state["optimizer"][0]["momentum"].strides == (8, 24)
    with np.load(saved / "weights.npz") as archive:
        assert archive["weight"].tolist() == [[1] * 3] * 2


def test_weights_keep_their_order_in_memory_and_have_their_shape_in_the_file(tmp_path):
    kernel = framework.arange(24.0).reshape(2, 3, 2, 2)
    weights = {
        "last": kernel.contiguous(memory_format=framework.channels_last),
        "turned": nn.Parameter(framework.arange(6.0).reshape(2, 3).t()),
        "scalar": framework.tensor(2),
        "array": np.arange(3)[::2],
    }
    path = write_checkpoint(tmp_path, {"step": 0}, weights, None)
    found = read_checkpoint(path)
    for name, value in weights.items():
        array = value if name == "array" else value.detach().numpy()
        got = found.weights[name]
        assert got.dtype == array.dtype and got.shape == array.shape and (got == array).all()
        assert got.flags.writeable and (got.strides == array.strides or name == "array")
        with np.load(path / "weights.npz") as archive:
            assert (archive[name] == array).all()
    assert found.state is None


def test_the_same_state_gives_the_same_bytes(tmp_path, saved):
    (tmp_path / "other").mkdir()
    other = save(tmp_path / "other", 3, epoch=1, metrics={"loss": float("nan")}, why="end")
    for name in FILES:
        assert (saved / name).read_bytes() == (other / name).read_bytes()


def test_checkpoints_newest_first(tmp_path):
    assert checkpoints(tmp_path) == [] and newest_valid(tmp_path, pytest.fail) is None
    for step in (9, 100, 123456789, 20):
        save(tmp_path, step, metrics={"loss": step / 2})
    (tmp_path / "checkpoints" / "notes.txt").touch()
    (tmp_path / "checkpoints" / "step-7").mkdir()
    assert [(each.step, each.metrics["loss"]) for each in checkpoints(tmp_path)] == [
        (123456789, 123456789 / 2),
        (100, 50.0),
        (20, 10.0),
        (9, 4.5),
    ]
    assert newest_valid(tmp_path, pytest.fail).step == 123456789
    assert linked(tmp_path, "last").name == "step-00000020" and os.readlink(tmp_path / "last").startswith("checkpoints")


def test_a_checkpoint_of_the_same_step_takes_the_place_of_the_first(tmp_path, saved):
    link(tmp_path, "best", saved)
    again = save(tmp_path, 3, why="interrupt")
    assert again.name == "step-00000003.2" and not saved.exists()
    assert linked(tmp_path, "last") == linked(tmp_path, "best") == again
    third = save(tmp_path, 3, why="end")
    assert third.name == "step-00000003.3" and [each.path for each in checkpoints(tmp_path)] == [third]
    assert read_checkpoint(third).info["why"] == "end"


def test_links(tmp_path, saved):
    assert linked(tmp_path, "best") is None
    link(tmp_path, "best", saved)
    other = save(tmp_path, 4)
    assert linked(tmp_path, "best") == saved and (tmp_path / "best" / "manifest.json").is_file()
    moved = tmp_path.with_name("moved")
    tmp_path.rename(moved)
    assert linked(moved, "best") == moved / "checkpoints" / saved.name and (moved / "best" / "state.npz").is_file()
    moved.rename(tmp_path)
    remove(saved)
    assert linked(tmp_path, "best") is None
    link(tmp_path, "best", other)
    assert linked(tmp_path, "best") == other


def test_read_by_another_name(tmp_path, saved):
    assert read_checkpoint(tmp_path / "last").step == 3
    copy = shutil.copytree(saved, tmp_path / "copy")
    assert read_checkpoint(str(copy)).step == 3
    saved.rename(saved.with_name("step-00000004"))
    assert damage(saved.with_name("step-00000004")).endswith("is damaged: it is of step 3.")


def test_where_links_are_not_possible(tmp_path, saved, monkeypatch):
    def no_links(*arguments):
        raise OSError(1314, "A required privilege is not held by the client")

    monkeypatch.setattr(os, "symlink", no_links)
    other = save(tmp_path, 4)
    assert (tmp_path / "last").read_text() == os.path.join("checkpoints", other.name)
    assert linked(tmp_path, "last") == other
    monkeypatch.undo()
    link(tmp_path, "last", saved)
    assert (tmp_path / "last").is_symlink() and linked(tmp_path, "last") == saved


@pytest.mark.parametrize("content", ["", "checkpoints/step-00000009", "../../etc", "\0", "x" * 9999, b"\xff"])
def test_links_that_lead_nowhere(tmp_path, saved, content):
    (tmp_path / "best").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert linked(tmp_path, "best") is None


def test_links_in_a_circle(tmp_path, saved):
    os.symlink("best", tmp_path / "best")
    assert linked(tmp_path, "best") is None
    link(tmp_path, "best", saved)
    assert linked(tmp_path, "best") == saved


def test_a_place_that_is_taken(tmp_path, saved):
    (tmp_path / "best").mkdir()
    assert message(link, tmp_path, "best", saved).startswith(f"{tmp_path / 'best'} could not be led to checkpoints")
    assert sorted(os.listdir(tmp_path)) == ["best", "checkpoints", "last"]
    assert "could not be written" in message(save, tmp_path / "nowhere", 1)


def test_what_cannot_be_kept_leaves_nothing(tmp_path):
    text = message(write_checkpoint, tmp_path, {"step": 1}, {}, {"plugins": {"x": object()}})
    assert text.startswith("state['plugins']['x'] is of the type object")
    text = message(write_checkpoint, tmp_path, {"step": 1, "metrics": {"loss": np.zeros(1)}}, {}, None)
    assert text == "The manifest of a checkpoint holds no arrays, and info has metrics/loss."
    for weight in ("text", np.array([object()])):
        text = message(write_checkpoint, tmp_path, {"step": 1}, {"0._extra_state": weight}, None)
        assert text.startswith("weights['0._extra_state'] is of the type ")
    assert os.listdir(tmp_path) == []


def test_what_killed_writers_left_is_removed(tmp_path, saved):
    home = saved.parent
    shutil.copytree(saved, home / ".step-00000009.tmp-123")
    shutil.copytree(saved, home / ".step-00000001.2.removed-7")
    (tmp_path / ".best.tmp-99").touch()
    os.symlink("nowhere", tmp_path / ".last.tmp-98")
    (tmp_path / ".lock").touch()
    (home / ".hidden").touch()
    assert [each.step for each in checkpoints(tmp_path)] == [3]
    clean_up(tmp_path)
    assert sorted(os.listdir(home)) == [".hidden", saved.name]
    assert sorted(os.listdir(tmp_path)) == [".lock", "checkpoints", "last"]
    clean_up(tmp_path / "nowhere")


def test_what_a_writer_of_the_same_number_left_is_in_nobodys_way(tmp_path, saved):
    shutil.copytree(saved, saved.parent / f".step-00000004.tmp-{os.getpid()}")
    shutil.copytree(saved, saved.parent / f".{saved.name}.removed-{os.getpid()}")
    assert read_checkpoint(save(tmp_path, 4)).step == 4
    remove(saved)
    assert os.listdir(saved.parent) == ["step-00000004"]


def test_removed_under_another_name(tmp_path, saved, monkeypatch):
    names = []
    monkeypatch.setattr(checkpoint_folders, "discard", names.append)
    remove(saved)
    assert not saved.exists() and names[-1].name.startswith(".step-00000003.removed-")
    assert "could not be removed: No such file" in message(remove, saved)


def ways(saved):
    """Every kind of damage by name, and what the message says."""
    state, manifest, weights = saved / "state.json", saved / "manifest.json", saved / "weights.npz"

    def cut():
        os.truncate(weights, 100)

    def flipped():
        data = bytearray(weights.read_bytes())
        data[70] ^= 1
        weights.write_bytes(data)

    def garbage():
        with open(state, "ab") as file:
            file.write(b"garbage")

    def circle():
        state.unlink()
        os.symlink("state.json", state)

    def folder():
        discard(state)
        state.mkdir()

    def pipe():
        state.unlink()
        os.mkfifo(state)

    def header():
        data = weights.read_bytes().replace(b"(2, 3), }", b"(2, 9), }")
        weights.write_bytes(data)
        seal(saved)

    def no_state():
        state.write_text('{"state": {"$array": ["gone", [0]]}, "layouts": {}}')
        seal(saved)

    def deep():
        state.write_text("[" * 100_000)
        seal(saved)

    def no_npz():
        weights.write_text("PK")
        seal(saved)

    def no_list():
        write_manifest(saved, {"format": 1, "info": {"step": 3}, "files": []})

    def other_file():
        write_manifest(saved, {"format": 1, "info": {"step": 3}, "files": {}})

    def no_dict():
        write_manifest(saved, {"format": 1, "info": {"step": 3}, "files": {"state.json": 3}})

    def claims(**changes):
        def write():
            content = json.loads(manifest.read_text())
            del content["sha256"]
            write_manifest(saved, content | changes)

        return write

    def edited():
        manifest.write_text(manifest.read_text().replace('"epoch": 1', '"epoch": 2'))

    return {
        "cut off": (cut, f"{weights} is damaged: it has 100 bytes, and had "),
        "one bit": (flipped, f"{weights} is damaged: its bytes are not those that were written."),
        "more": (garbage, f"{state} is damaged: it has "),
        "missing": (state.unlink, f"{state} is missing."),
        "no manifest": (manifest.unlink, f"{manifest} is missing."),
        "empty manifest": (lambda: manifest.write_text(""), f"{manifest} is damaged: Expecting value"),
        "no text": (lambda: manifest.write_bytes(b"\xff\xfe\xfa"), f"{manifest} is damaged: "),
        "no object": (lambda: manifest.write_text("[]"), f"{manifest} is damaged: it holds no JSON object."),
        "deep manifest": (lambda: manifest.write_text("[" * 100_000), f"{manifest} is damaged: "),
        "edited manifest": (edited, f"{manifest} is damaged: its own hash differs."),
        "another step": (claims(info={"step": 4}), f"{manifest} is damaged: it is of step 4."),
        "no step": (claims(info={}), f"{manifest} is damaged: "),
        "format": (claims(format="x"), f"{manifest} is damaged: "),
        "no format": (claims(format=None), f"{manifest} is damaged: "),
        "no list of files": (no_list, f"{manifest} is damaged: it names no files."),
        "another file": (other_file, f"{manifest} is damaged: it does not know state.json."),
        "no entry": (no_dict, f"{manifest} is damaged: it does not know state.json."),
        "links in a circle": (circle, f"{state} cannot be read: Too many levels of symbolic links."),
        "a folder": (folder, f"{state} is damaged: it is no file."),
        "a pipe": (pipe, f"{state} is damaged: it is no file."),
        "a wrong header": (header, f"{weights} is damaged: "),
        "no archive": (no_npz, f"{weights} is damaged: "),
        "no state": (no_state, f"{state} is damaged: it holds no state (the array 'gone' is missing)."),
        "deep state": (deep, f"{state} is damaged: it holds no state ("),
        "no folder": (lambda: discard(saved), f"{manifest} is missing."),
        "a file": (lambda: (discard(saved), saved.touch()), f"{manifest} cannot be read: Not a directory."),
    }


@pytest.mark.parametrize("way", list(ways(Path("step-1"))))
def test_damage_is_told_by_the_name_of_the_file(tmp_path, saved, way):
    act, expected = ways(saved)[way]
    save(tmp_path, 2)
    act()
    assert damage(saved).startswith(expected)
    told = []
    assert newest_valid(tmp_path, told.append).step == 2
    assert len(told) == (way != "no folder")
    assert all(each.startswith(expected) and each.endswith(" It is passed over.") for each in told)
    assert 2 in [each.step for each in checkpoints(tmp_path)]
    # Whatever stands there, the next checkpoint of the step can be written.
    assert newest_valid(tmp_path, pytest.fail).step == 3 if save(tmp_path, 3) else None


def test_manifests_without_sense_are_left_out_of_the_list(tmp_path, saved):
    save(tmp_path, 2)
    (saved / "manifest.json").write_text("")
    told = []
    assert [each.step for each in checkpoints(tmp_path, told.append)] == [2]
    assert len(told) == 1 and told[0].startswith(f"{saved / 'manifest.json'} is damaged: ")


def test_a_newer_format_is_no_damage(tmp_path, saved):
    save(tmp_path, 2)
    write_manifest(saved, {"format": 2, "what": "is new"})
    for function in (read_checkpoint, lambda path: newest_valid(tmp_path, pytest.fail)):
        text = message(function, saved)
        assert text.startswith(f"{saved} was written by a newer version of framework, in format 2: this one reads ")
    with pytest.raises(UserError) as caught:
        read_checkpoint(saved)
    assert not isinstance(caught.value, CheckpointError)


def test_checkpoints_that_are_no_folder(tmp_path):
    (tmp_path / "checkpoints").touch()
    assert message(checkpoints, tmp_path) == f"{tmp_path / 'checkpoints'} cannot be read: Not a directory."
    assert (
        message(newest_valid, tmp_path, pytest.fail) == f"{tmp_path / 'checkpoints'} cannot be read: Not a directory."
    )
    (tmp_path / "checkpoints").unlink()
    os.symlink("checkpoints", tmp_path / "checkpoints")
    assert "cannot be read: Too many levels" in message(checkpoints, tmp_path)
    assert "Too many levels" in message(save, tmp_path, 1)


def test_checkpoints_that_were_passed_over_are_set_aside(tmp_path, saved):
    for step in (4, 5):
        (save(tmp_path, step) / "state.npz").unlink()
    assert newest_valid(tmp_path, str).step == 3
    assert [each.name for each in set_aside(tmp_path, 3)] == ["step-00000005.damaged", "step-00000004.damaged"]
    assert [each.step for each in checkpoints(tmp_path)] == [3] and newest_valid(tmp_path, pytest.fail).step == 3
    save(tmp_path, 4)
    assert [each.name for each in set_aside(tmp_path, 3)] == ["step-00000004.damaged"]
    assert len(os.listdir(saved.parent)) == 3


@pytest.mark.parametrize("name", FILES)
def test_any_byte_flipped_and_any_length(saved, name):
    whole = (saved / name).read_bytes()
    for place in range(0, len(whole), 5):
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        (saved / name).write_bytes(data)
        # White space in the manifest may change; nothing that is read from it may.
        if name != "manifest.json":
            assert name in damage(saved)
        else:
            unharmed_or_damaged(saved, name)
        (saved / name).write_bytes(whole[:place])
        assert name in damage(saved)


@pytest.mark.parametrize("name", FILES[:3])
def test_bytes_that_were_wrong_when_they_were_written(saved, name):
    whole = (saved / name).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(random.integers(1, 4)):
            data[random.integers(len(data))] = random.integers(256)
        (saved / name).write_bytes(data)
        seal(saved)
        unharmed_or_damaged(saved, name)


def unharmed_or_damaged(path, name):
    try:
        assert read_checkpoint(path).step == 3
    except CheckpointError as error:
        assert name in str(error)


def test_nothing_in_a_checkpoint_is_run(tmp_path, saved):
    array = np.array([print], dtype=object)
    np.savez(saved / "weights.npz", x=array)
    seal(saved)
    assert damage(saved) == f"{saved / 'weights.npz'} is damaged: it is not an .npz archive of plain arrays."


def test_another_process_reads_it(tmp_path, saved):
    code = (
        "from framework.training.checkpoints.files import newest_valid\n"
        f"found = newest_valid({str(tmp_path)!r}, print)\n"
        "print(found.step, found.state['seen'], found.weights['weight'].sum())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "3 (1, 2) 6.0\n"
