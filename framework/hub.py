"""Weights from an address, kept in a folder: `load_state_dict_from_url`. Code from an address is not run.

    state = hub.load_state_dict_from_url("https://…/resnet18-f37072fd.pth", check_hash=True)

The folder is PyTorch's, so that what it has downloaded is found: `$TORCH_HOME/hub`, or `~/.cache/torch/hub`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from framework.serialization import load as _load

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]

_CHUNK = 128 * 1024
HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_chosen: dict[str, str] = {}


def _get_torch_home() -> str:
    """PyTorch's folder for what it has downloaded. Public code uses the name."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """The folder where what was downloaded is kept."""
    return _chosen.get("dir") or os.path.join(_get_torch_home(), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Keeps what is downloaded in another folder."""
    _chosen["dir"] = os.path.expanduser(d)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Writes what is at an address to a file, which appears when it is whole.

    RuntimeError where its SHA-256 does not begin with `hash_prefix`; no progress is shown.
    """
    goal = Path(dst).expanduser()
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=goal.parent, prefix=goal.name, suffix=".partial", delete=False) as part:
        try:
            with urlopen(Request(url, headers={"User-Agent": "torch.hub"})) as answer:
                while chunk := answer.read(_CHUNK):
                    part.write(chunk)
                    digest.update(chunk)
            found = digest.hexdigest()
            if hash_prefix is not None and not found.startswith(hash_prefix):
                raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}")')
            part.close()
            os.replace(part.name, goal)
        finally:
            Path(part.name).unlink(missing_ok=True)


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """What a file of weights at an address holds; it is downloaded once.

    With `check_hash` the name must hold the beginning of the file's SHA-256: `resnet18-f37072fd.pth`.
    """
    folder = Path(model_dir or os.path.join(get_dir(), "checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = folder / name
    if not path.exists():
        sys.stderr.write(f'Downloading: "{url}" to {path}\n')
        written = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, str(path), written[1] if written else None, progress)
    return _load(path, map_location=map_location, weights_only=weights_only)


def _refused(name: str) -> Callable[..., NoReturn]:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"torch.hub.{name} would run code from an address, which is not done here. Copy the model's Python file "
            "beside yours and import it; torch.hub.load_state_dict_from_url gets its weights"
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Refused: code from an address is not run."
    return function


help = _refused("help")
list = _refused("list")
load = _refused("load")
