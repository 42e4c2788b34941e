"""The command line in a process that a sweep has started: it ends, in an orderly way, when the sweep's own is gone.

python -m framework.training.sweeping.child PARENT RECIPE COPY train …

Where RECIPE is asked for, the sweep's COPY of it is run.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from framework.training.children import end_with_parent


def main() -> None:
    """Give the command line the words after the parent's number and the recipe with its copy."""
    parent, recipe, copy = sys.argv[1:4]
    del sys.argv[1:4]
    if sys.platform == "linux":  # elsewhere a run goes on to its end, and who resumes the sweep waits for it
        end_with_parent(int(parent))
    from framework.training.recipe_file import load_copy_of

    load_copy_of(Path(recipe), Path(copy))
    runpy.run_module("framework", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
