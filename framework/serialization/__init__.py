"""Saving and loading: tensors and what lies around them, in files of PyTorch, NumPy and safetensors. No pickle."""

from framework.coverage import explain_missing_names
from framework.serialization.errors import LoadError, SourceChangeWarning
from framework.serialization.loading import get_unsafe_globals_in_checkpoint, load, load_metadata
from framework.serialization.map_location import default_restore_location, location_tag
from framework.serialization.mapped_file import from_file
from framework.serialization.options import (
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
)
from framework.serialization.saving import save
from framework.serialization.trust import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

__all__ = [
    "LoadEndianness",
    "LoadError",
    "SourceChangeWarning",
    "add_safe_globals",
    "clear_safe_globals",
    "default_restore_location",
    "from_file",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "load_metadata",
    "location_tag",
    "safe_globals",
    "save",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
]

explain_missing_names(__name__)
