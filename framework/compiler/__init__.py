"""Runs functions of tensors as programs of NumPy calls, written from one traced run."""

from framework.compiler.compiled import Compiled, CompileError, CompileWarning, compile
from framework.compiler.writing.program import Program

__all__ = ["CompileError", "CompileWarning", "Compiled", "Program", "compile"]
