"""Writes the weights of a run for others to load: PyTorch, or whatever reads safetensors or NumPy's archives."""

from __future__ import annotations

from pathlib import Path

from framework.errors import UserError, did_you_mean
from framework.training.files import check_place, read_arrays
from framework.training.run import Run

__all__ = ["FORMATS", "export"]

FORMATS = ("safetensors", "npz", "pt")


def export(run: str | Path, file: str | Path | None = None, *, replace: bool = False) -> Path:
    """Write the `state_dict` of the model that a run trained, or as it was at one of its checkpoints (`RUN/best`).

    The file's ending says what it is: .safetensors, .npz, or PyTorch's .pt; without a name it is RUN.safetensors, here.
    Returns its path. UserError for another ending, and where there is such a file already, unless it may be replaced;
    OSError, which names the file, where it cannot be written.
    """
    from framework.operations import from_numpy
    from framework.serialization import save

    opened, at = Run.open_at(run)
    if file is None:
        file = f"{opened.path.resolve().name}{f'-{Path(run).name}' if at is not None else ''}.safetensors"
    path = Path(file)
    ending = path.suffix.removeprefix(".")
    if ending not in FORMATS:
        raise UserError(
            f"{path}: weights are written as .safetensors, .npz or .pt.{did_you_mean(ending, FORMATS) if ending else ''}"
        )
    check_place(path, replace=replace)
    weights = {name: from_numpy(array) for name, array in read_arrays(opened.weights(at)).items()}
    save(weights, path)
    return path
