"""A plugin that needs another version of the framework is named before it is imported."""

from __future__ import annotations

import re

import pytest

import framework
from framework.plugin.manager import PluginError, PluginManager
from framework.plugin.requirements import check_requirements, declared_in
from tests.plugin.installed import HOOK, install, write

NEWER = "framework-train>=99"


@pytest.mark.parametrize(
    ("requirement", "version", "fits"),
    [
        ("framework-train", "0.1.0", True),
        ("framework-train>=0.1,<0.2", "0.1.7", True),
        ("framework_train >= 0.1, < 0.2", "0.2.0", False),
        ("Framework.Train[plot]~=0.1.2", "0.1.1", False),
        ("framework-train~=0.1.2; python_version > '3'", "0.1.9", True),
        ("framework-train~=1.2", "1.10", True),
        ("framework-train==1.*", "1.4.2", True),
        ("framework-train!=1.4.*", "1.4.2", False),
        ("framework-train>1.0", "1.0.0", False),
        ("framework-train>=1.0", "1.0rc1", False),
        ("framework-train<1.0", "1.0rc1", False),
        ("framework-train (>=9) ; extra == 'new'", "0.1", True),
        ("framework-train @ https://example.com/x.whl", "0.1", True),
        ("numpy>=99", "0.1", True),
    ],
)
def test_a_requirement(monkeypatch, requirement, version, fits):
    monkeypatch.setattr(framework, "__version__", version)
    if fits:
        check_requirements([requirement])
    else:
        with pytest.raises(PluginError, match=f"it needs framework-train .*, and this is {re.escape(version)}:"):
            check_requirements([requirement])


def test_an_installed_plugin_that_needs_a_newer_framework_is_left_out(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "raise AssertionError('imported')")
    with (tmp_path / "shiny_plugin-1.2.dist-info" / "METADATA").open("a") as metadata:
        metadata.write(f"Requires-Dist: {NEWER}\n")
    messages = []
    manager = PluginManager.load(first_party=False, report=messages.append)
    assert "shiny" not in manager
    assert messages == [
        f"Plugin 'shiny' (shiny-plugin 1.2, installed) cannot be used: it needs framework-train >=99, and this is "
        f"{framework.__version__}: pip install 'framework-train>=99', or another version of shiny-plugin. "
        "Going on without it; to silence this: -p no:shiny"
    ]


def test_a_file_that_needs_a_newer_framework(tmp_path):
    block = f'# /// script\n# dependencies = [\n#   "{NEWER}",\n# ]\n# ///\n'
    path = write(tmp_path / "fresh.py", block + "raise AssertionError('imported')\n")
    with pytest.raises(PluginError) as caught:
        PluginManager.load([str(path)], first_party=False, installed=False)
    assert str(caught.value) == (
        f"Plugin 'fresh' (-p {path}) cannot be used: it needs framework-train >=99, and this is "
        f"{framework.__version__}: pip install 'framework-train>=99'."
    )
    write(path, block.replace("99", "0") + HOOK)
    assert "fresh" in PluginManager.load([str(path)], first_party=False, installed=False)


def test_what_a_file_declares():
    assert declared_in("import numpy\n# /// script\n# requires-python = '>=3.11'\n# ///\n") == []
    with pytest.raises(PluginError, match="no TOML"):
        declared_in("# /// script\n# dependencies = [\n# ///\n")
