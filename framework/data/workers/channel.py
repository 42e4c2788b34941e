"""Sends objects between processes; large arrays in memory that both have, which has no name and so cannot be left over.

Where the system has no such memory, all goes through the socket, or pipe.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import socket
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

__all__ = ["Channel", "Packet"]

LARGE = 1 << 16
"""From how many bytes on an array is shared: below, copying it twice is quicker."""

ALIGNED = 64


class Packet(NamedTuple):
    """An object on its way: its pickle, the sizes of the arrays that are not in it, and the memory that they are in."""

    pickled: bytes
    sizes: tuple[int, ...]
    memory: int | None

    def close(self) -> None:
        """Gives the memory back: it is another's now, or nobody's."""
        if self.memory is not None:
            os.close(self.memory)


class Channel:
    """One end of a connection."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self.connection = connection
        self._socket: socket.socket | None = None

    def send(self, message: Any) -> None:
        """Send an object; BrokenPipeError when the other end is gone."""
        self.write(pack(message))

    def write(self, packet: Packet) -> None:
        """Send what `pack` made."""
        try:
            self.connection.send_bytes(pickle.dumps((packet.pickled, packet.sizes)))
            if packet.memory is not None:
                socket.send_fds(self._as_socket(), [b"\0"], [packet.memory])
        finally:
            packet.close()

    def receive(self) -> Any:
        """The next object; EOFError when the other end is gone, and all that it sent has been received."""
        pickled, sizes = pickle.loads(self.connection.recv_bytes())
        if not sizes:
            return pickle.loads(pickled)
        _, memory, _, _ = socket.recv_fds(self._as_socket(), 1, 1)
        if not memory:
            raise EOFError
        try:
            shared = mmap.mmap(memory[0], sum(map(_aligned, sizes)))
        finally:
            os.close(memory[0])
        # Lives as long as an array in it.
        view, buffers, start = memoryview(shared), [], 0
        for size in sizes:
            buffers.append(view[start : start + size])
            start += _aligned(size)
        return pickle.loads(pickled, buffers=buffers)

    def close(self) -> None:
        """The other end finds an end of messages."""
        self.connection.close()
        if self._socket is not None:
            self._socket.close()

    def _as_socket(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(fileno=os.dup(self.connection.fileno()))
        return self._socket


def pack(message: Any) -> Packet:
    """An object as it is sent. What pickling raises is raised on."""
    arrays: list[memoryview] = []

    def is_small(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < LARGE:
            return True
        arrays.append(raw)
        return False

    stream = io.BytesIO()
    ForkingPickler(stream, 5, True, is_small if hasattr(os, "memfd_create") else None).dump(message)
    if not arrays:
        return Packet(stream.getvalue(), (), None)
    sizes = tuple(array.nbytes for array in arrays)
    memory = os.memfd_create("framework-batch", os.MFD_CLOEXEC)
    try:
        os.ftruncate(memory, sum(map(_aligned, sizes)))
        start = 0
        for array in arrays:
            _write(memory, array, start)
            start += _aligned(array.nbytes)
    except BaseException:
        os.close(memory)
        raise
    return Packet(stream.getvalue(), sizes, memory)


def _write(memory: int, array: memoryview, start: int) -> None:
    # One call writes at most 2 GB.
    done = 0
    while done < array.nbytes:
        done += os.pwrite(memory, array[done:], start + done)


def _aligned(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED
