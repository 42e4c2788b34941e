"""`framework recipes`: the list, the copy, and training by name."""

from __future__ import annotations

from pathlib import Path


def test_the_list_shows_what_each_recipe_is(framework):
    result = framework("recipes")
    assert result.exit_code == 0
    header, *lines = result.output.splitlines()
    assert header.split() == ["NAME", "WHAT", "IT", "IS"]
    assert (
        "logistic_regression  Logistic regression: is a tumour malignant, from 30 measurements of its cells?"
    ) in lines


def test_the_list_fits_the_terminal(framework, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    lines = framework("recipes").output.splitlines()
    assert max(map(len, lines)) <= 50 and lines[1].endswith("…")


def test_a_copy_comes_with_its_data_and_licence(framework, folder):
    result = framework("recipes", "copy", "logistic_regression", "mine")
    assert result.exit_code == 0
    copied = {path.relative_to(folder).as_posix() for path in Path("mine").resolve().rglob("*.*")}
    assert copied == {
        "mine/logistic_regression.py",
        "mine/data/breast_cancer.csv",
        "mine/data/breast_cancer.LICENSE.txt",
    }
    shown = {Path(line).as_posix() for line in result.output.splitlines()}
    assert shown == copied


def test_a_copy_never_overwrites(framework, fails):
    framework("recipes", "copy", "logistic_regression")
    path = Path("logistic_regression.py")
    path.write_text("mine")
    text = fails("recipes", "copy", "logistic_regression")
    assert text == "error: logistic_regression.py is there already, and is not overwritten.\n"
    assert path.read_text() == "mine"


def test_an_unknown_recipe_gets_the_nearest_match(fails):
    assert fails("recipes", "copy", "logistic_regresion") == (
        "error: There is no recipe 'logistic_regresion'. Did you mean 'logistic_regression'?\n"
    )
    assert fails("train", "logistic_regresion") == (
        "error: There is no file logistic_regresion, and no recipe of that name. Did you mean 'logistic_regression'?\n"
    )
    assert fails("train", "line") == (
        "error: There is no file line, and no recipe of that name. Did you mean line.py?\n"
    )


def test_a_recipe_is_found_by_name(framework):
    result = framework("train", "logistic_regression", "--help")
    assert result.output.startswith("Usage: framework train logistic_regression [RECIPE OPTIONS]")


def test_a_plugin_adds_a_recipe(framework, folder):
    (folder / "more.py").write_text(
        "from framework.extend import hookimpl\n\n\n"
        "@hookimpl\ndef register_recipes(register):\n    register('straight', 'line.py')\n"
    )
    assert "straight" in framework("-p", "more.py", "recipes").output
    help_text = framework("-p", "more.py", "train", "straight", "--help").output
    assert "A straight line through eight points." in help_text


def test_a_recipe_that_cannot_be_parsed_is_listed_as_such(framework, folder):
    (folder / "line.py").write_text("def recipe(:\n")
    test_plugin = "from framework.extend import hookimpl\n@hookimpl\ndef register_recipes(register):"
    (folder / "more.py").write_text(test_plugin + "\n    register('wrong', 'line.py')\n")
    result = framework("-p", "more.py", "recipes")
    assert result.exit_code == 0
    assert "cannot be read: invalid syntax" in result.output
