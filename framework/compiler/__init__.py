"""Runs functions of tensors as programs of NumPy calls, written from one traced run."""

from framework.compiler.compiled import Compiled, CompileError, CompileWarning, compile
from framework.compiler.directives import (
    allow_in_graph,
    assume_constant_result,
    cudagraph_mark_step_begin,
    disable,
    is_compiling,
    is_dynamo_compiling,
    is_exporting,
    reset,
    set_stance,
)
from framework.compiler.writing.program import Program

__all__ = [
    "CompileError",
    "CompileWarning",
    "Compiled",
    "Program",
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "reset",
    "set_stance",
]
