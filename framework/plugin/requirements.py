"""Which versions of the framework a plugin says that it works with, and whether this is one; known before it is imported.

A distribution says it by its dependencies (`framework-train>=0.2,<1`), a single file by the same in the comment block of
PEP 723:

    # /// script
    # dependencies = ["framework-train>=0.2,<1"]
    # ///
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import framework
from framework.plugin.registry import PluginError

__all__ = ["check_requirements", "declared_in"]

DISTRIBUTION = "framework-train"
REQUIREMENT = re.compile(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;()]*)\)?\s*(;.*)?")
CLAUSE = re.compile(r"(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?(.*)")
BLOCK = re.compile(r"^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", re.MULTILINE)


def check_requirements(requirements: Iterable[str], of: str | None = None) -> None:
    """PluginError where this version of the framework is not among those that a plugin, `of` a distribution, works with."""
    for requirement in requirements:
        match = REQUIREMENT.fullmatch(requirement)
        if match is None or re.sub(r"[-_.]+", "-", match[1]).lower() != DISTRIBUTION or "extra" in (match[3] or ""):
            continue
        clauses = [clause.strip() for clause in match[2].split(",") if clause.strip()]
        if not all(_admits(clause, framework.__version__) for clause in clauses):
            wanted = ",".join(clause.replace(" ", "") for clause in clauses)
            other = f", or another version of {of}" if of else ""
            raise PluginError(
                f"it needs {DISTRIBUTION} {wanted}, and this is {framework.__version__}: "
                f"pip install '{DISTRIBUTION}{wanted}'{other}."
            )


def declared_in(source: str) -> list[str]:
    """The requirements that a file declares in a comment block; PluginError where that is no TOML."""
    import tomllib

    match = BLOCK.search(source)
    if match is None:
        return []
    content = re.sub(r"^# ?", "", match["content"], flags=re.MULTILINE)
    try:
        declared = tomllib.loads(content).get("dependencies", [])
    except tomllib.TOMLDecodeError as error:
        raise PluginError(f"its comment block `# /// script` is no TOML: {error}.") from error
    return [each for each in declared if isinstance(each, str)] if isinstance(declared, list) else []


def _admits(clause: str, version: str) -> bool:
    """Whether a version meets one clause, such as ">=0.2", as PEP 440 has it; a clause of another form is met."""
    match = CLAUSE.fullmatch(clause)
    if match is None:
        return True
    sign, release, wildcard, suffix = match.groups()
    wanted, here = _key(release + suffix), _key(version)
    if sign == "~=":
        return here >= wanted and _begins(version, release.rpartition(".")[0])
    if wildcard:
        return _begins(version, release) == (sign == "==")
    if sign == "<":  # 1.0rc1 is not below 1.0 here
        return here < wanted and (here[0] < wanted[0] or not wanted[1])
    return {"==": here == wanted, "!=": here != wanted, "<=": here <= wanted, ">=": here >= wanted, ">": here > wanted}[
        sign
    ]


def _begins(version: str, release: str) -> bool:
    numbers = _numbers(release)
    return (*_numbers(version), *[0] * len(numbers))[: len(numbers)] == numbers


def _key(version: str) -> tuple[tuple[int, ...], bool]:
    """What versions are compared by: a pre-release comes before its release."""
    numbers = _numbers(version)
    while numbers and not numbers[-1]:
        numbers = numbers[:-1]
    return numbers, re.search(r"a|b|c|dev", version) is None


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, match[1].split("."))) if match else ()
