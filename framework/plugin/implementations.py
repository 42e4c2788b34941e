"""The types of hook implementations, by their arguments: so a wrong one is an error in an author's editor.

Written from the specifications by tests/plugin/implementations.py. An implementation takes any of its hook's arguments, in
any order, as a function or a method; what a wrapper gives is a generator.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import click

    from framework.autograd import Operation, Tensor
    from framework.optim import Optimizer
    from framework.plugin.hookspecs.registries import Loss, MetricLike, Register
    from framework.training.run import Run
    from framework.training.trainer import Trainer

__all__ = ["Implementation"]

Wrapper: TypeAlias = Generator[None, Any, Any]


class Function0(Protocol):
    def __call__(self) -> object: ...


class Method0(Protocol):
    def __call__(_, self: Any) -> object: ...


class Function1(Protocol):
    def __call__(self, *, batch: Any) -> Tensor | Wrapper | None: ...


class Method1(Protocol):
    def __call__(_, self: Any, *, batch: Any) -> Tensor | Wrapper | None: ...


class Function2(Protocol):
    def __call__(self, *, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Method2(Protocol):
    def __call__(_, self: Any, *, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Function3(Protocol):
    def __call__(self, *, error: BaseException) -> Wrapper | None: ...


class Method3(Protocol):
    def __call__(_, self: Any, *, error: BaseException) -> Wrapper | None: ...


class Function4(Protocol):
    def __call__(self, *, metrics: Mapping[str, float]) -> Wrapper | None: ...


class Method4(Protocol):
    def __call__(_, self: Any, *, metrics: Mapping[str, float]) -> Wrapper | None: ...


class Function5(Protocol):
    def __call__(self, *, metrics: dict[str, float]) -> Wrapper | None: ...


class Method5(Protocol):
    def __call__(_, self: Any, *, metrics: dict[str, float]) -> Wrapper | None: ...


class Function6(Protocol):
    def __call__(self, *, options: Mapping[str, Any]) -> object: ...


class Method6(Protocol):
    def __call__(_, self: Any, *, options: Mapping[str, Any]) -> object: ...


class Function7(Protocol):
    def __call__(self, *, outputs: Mapping[str, Any]) -> Mapping[str, Any] | Wrapper | None: ...


class Method7(Protocol):
    def __call__(_, self: Any, *, outputs: Mapping[str, Any]) -> Mapping[str, Any] | Wrapper | None: ...


class Function8(Protocol):
    def __call__(self, *, path: Path) -> Wrapper | None: ...


class Method8(Protocol):
    def __call__(_, self: Any, *, path: Path) -> Wrapper | None: ...


class Function9(Protocol):
    def __call__(self, *, reason: str) -> Wrapper | None: ...


class Method9(Protocol):
    def __call__(_, self: Any, *, reason: str) -> Wrapper | None: ...


class Function10(Protocol):
    def __call__(self, *, record: Mapping[str, Any]) -> Wrapper | None: ...


class Method10(Protocol):
    def __call__(_, self: Any, *, record: Mapping[str, Any]) -> Wrapper | None: ...


class Function11(Protocol):
    def __call__(self, *, register: Register[Callable[..., Any]]) -> Wrapper | None: ...


class Method11(Protocol):
    def __call__(_, self: Any, *, register: Register[Callable[..., Any]]) -> Wrapper | None: ...


class Function12(Protocol):
    def __call__(self, *, register: Register[Callable[..., Optimizer]]) -> Wrapper | None: ...


class Method12(Protocol):
    def __call__(_, self: Any, *, register: Register[Callable[..., Optimizer]]) -> Wrapper | None: ...


class Function13(Protocol):
    def __call__(self, *, register: Register[Callable[[Run | None], object]]) -> Wrapper | None: ...


class Method13(Protocol):
    def __call__(_, self: Any, *, register: Register[Callable[[Run | None], object]]) -> Wrapper | None: ...


class Function14(Protocol):
    def __call__(self, *, register: Register[Loss]) -> Wrapper | None: ...


class Method14(Protocol):
    def __call__(_, self: Any, *, register: Register[Loss]) -> Wrapper | None: ...


class Function15(Protocol):
    def __call__(self, *, register: Register[MetricLike]) -> Wrapper | None: ...


class Method15(Protocol):
    def __call__(_, self: Any, *, register: Register[MetricLike]) -> Wrapper | None: ...


class Function16(Protocol):
    def __call__(self, *, register: Register[Operation]) -> Wrapper | None: ...


class Method16(Protocol):
    def __call__(_, self: Any, *, register: Register[Operation]) -> Wrapper | None: ...


class Function17(Protocol):
    def __call__(
        self, *, register: Register[Sequence[Sequence[Any]] | Callable[[], Sequence[Sequence[Any]]]]
    ) -> Wrapper | None: ...


class Method17(Protocol):
    def __call__(
        _, self: Any, *, register: Register[Sequence[Sequence[Any]] | Callable[[], Sequence[Sequence[Any]]]]
    ) -> Wrapper | None: ...


class Function18(Protocol):
    def __call__(self, *, register: Register[click.Command]) -> Wrapper | None: ...


class Method18(Protocol):
    def __call__(_, self: Any, *, register: Register[click.Command]) -> Wrapper | None: ...


class Function19(Protocol):
    def __call__(self, *, register: Register[click.Option]) -> Wrapper | None: ...


class Method19(Protocol):
    def __call__(_, self: Any, *, register: Register[click.Option]) -> Wrapper | None: ...


class Function20(Protocol):
    def __call__(self, *, register: Register[str | Path]) -> Wrapper | None: ...


class Method20(Protocol):
    def __call__(_, self: Any, *, register: Register[str | Path]) -> Wrapper | None: ...


class Function21(Protocol):
    def __call__(self, *, split: str) -> Iterable[Any] | Mapping[str, Any] | Wrapper | None: ...


class Method21(Protocol):
    def __call__(_, self: Any, *, split: str) -> Iterable[Any] | Mapping[str, Any] | Wrapper | None: ...


class Function22(Protocol):
    def __call__(self, *, state: Mapping[str, Any]) -> Wrapper | None: ...


class Method22(Protocol):
    def __call__(_, self: Any, *, state: Mapping[str, Any]) -> Wrapper | None: ...


class Function23(Protocol):
    def __call__(self, *, status: str) -> Wrapper | None: ...


class Method23(Protocol):
    def __call__(_, self: Any, *, status: str) -> Wrapper | None: ...


class Function24(Protocol):
    def __call__(
        self, *, trainer: Trainer
    ) -> Iterable[Any] | Mapping[str, Any] | bool | Tensor | dict[str, float] | str | list[Any] | Wrapper | None: ...


class Method24(Protocol):
    def __call__(
        _, self: Any, *, trainer: Trainer
    ) -> Iterable[Any] | Mapping[str, Any] | bool | Tensor | dict[str, float] | str | list[Any] | Wrapper | None: ...


class Function25(Protocol):
    def __call__(self, *, value: Any) -> list[Any] | Wrapper | None: ...


class Method25(Protocol):
    def __call__(_, self: Any, *, value: Any) -> list[Any] | Wrapper | None: ...


class Function26(Protocol):
    def __call__(self, *, split: str, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Method26(Protocol):
    def __call__(_, self: Any, *, split: str, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Function27(Protocol):
    def __call__(self, *, split: str, outputs: Mapping[str, Any]) -> Mapping[str, Any] | Wrapper | None: ...


class Method27(Protocol):
    def __call__(_, self: Any, *, split: str, outputs: Mapping[str, Any]) -> Mapping[str, Any] | Wrapper | None: ...


class Function28(Protocol):
    def __call__(self, *, status: str, reason: str) -> Wrapper | None: ...


class Method28(Protocol):
    def __call__(_, self: Any, *, status: str, reason: str) -> Wrapper | None: ...


class Function29(Protocol):
    def __call__(self, *, trainer: Trainer, batch: Any) -> Tensor | Wrapper | None: ...


class Method29(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, batch: Any) -> Tensor | Wrapper | None: ...


class Function30(Protocol):
    def __call__(self, *, trainer: Trainer, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Method30(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Function31(Protocol):
    def __call__(self, *, trainer: Trainer, error: BaseException) -> Wrapper | None: ...


class Method31(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, error: BaseException) -> Wrapper | None: ...


class Function32(Protocol):
    def __call__(self, *, trainer: Trainer, metrics: Mapping[str, float]) -> Wrapper | None: ...


class Method32(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, metrics: Mapping[str, float]) -> Wrapper | None: ...


class Function33(Protocol):
    def __call__(self, *, trainer: Trainer, metrics: dict[str, float]) -> Wrapper | None: ...


class Method33(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, metrics: dict[str, float]) -> Wrapper | None: ...


class Function34(Protocol):
    def __call__(self, *, trainer: Trainer, outputs: Mapping[str, Any]) -> Mapping[str, Any] | Wrapper | None: ...


class Method34(Protocol):
    def __call__(
        _, self: Any, *, trainer: Trainer, outputs: Mapping[str, Any]
    ) -> Mapping[str, Any] | Wrapper | None: ...


class Function35(Protocol):
    def __call__(self, *, trainer: Trainer, path: Path) -> Wrapper | None: ...


class Method35(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, path: Path) -> Wrapper | None: ...


class Function36(Protocol):
    def __call__(self, *, trainer: Trainer, reason: str) -> Wrapper | None: ...


class Method36(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, reason: str) -> Wrapper | None: ...


class Function37(Protocol):
    def __call__(self, *, trainer: Trainer, record: Mapping[str, Any]) -> Wrapper | None: ...


class Method37(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, record: Mapping[str, Any]) -> Wrapper | None: ...


class Function38(Protocol):
    def __call__(self, *, trainer: Trainer, split: str) -> Iterable[Any] | Mapping[str, Any] | Wrapper | None: ...


class Method38(Protocol):
    def __call__(
        _, self: Any, *, trainer: Trainer, split: str
    ) -> Iterable[Any] | Mapping[str, Any] | Wrapper | None: ...


class Function39(Protocol):
    def __call__(self, *, trainer: Trainer, state: Mapping[str, Any]) -> Wrapper | None: ...


class Method39(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, state: Mapping[str, Any]) -> Wrapper | None: ...


class Function40(Protocol):
    def __call__(self, *, trainer: Trainer, status: str) -> Wrapper | None: ...


class Method40(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, status: str) -> Wrapper | None: ...


class Function41(Protocol):
    def __call__(self, *, trainer: Trainer, value: Any) -> list[Any] | Wrapper | None: ...


class Method41(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, value: Any) -> list[Any] | Wrapper | None: ...


class Function42(Protocol):
    def __call__(self, *, trainer: Trainer, split: str, data: Iterable[Any]) -> Iterable[Any] | Wrapper | None: ...


class Method42(Protocol):
    def __call__(
        _, self: Any, *, trainer: Trainer, split: str, data: Iterable[Any]
    ) -> Iterable[Any] | Wrapper | None: ...


class Function43(Protocol):
    def __call__(
        self, *, trainer: Trainer, split: str, outputs: Mapping[str, Any]
    ) -> Mapping[str, Any] | Wrapper | None: ...


class Method43(Protocol):
    def __call__(
        _, self: Any, *, trainer: Trainer, split: str, outputs: Mapping[str, Any]
    ) -> Mapping[str, Any] | Wrapper | None: ...


class Function44(Protocol):
    def __call__(self, *, trainer: Trainer, status: str, reason: str) -> Wrapper | None: ...


class Method44(Protocol):
    def __call__(_, self: Any, *, trainer: Trainer, status: str, reason: str) -> Wrapper | None: ...


Implementation: TypeAlias = (
    Function0
    | Method0
    | Function1
    | Method1
    | Function2
    | Method2
    | Function3
    | Method3
    | Function4
    | Method4
    | Function5
    | Method5
    | Function6
    | Method6
    | Function7
    | Method7
    | Function8
    | Method8
    | Function9
    | Method9
    | Function10
    | Method10
    | Function11
    | Method11
    | Function12
    | Method12
    | Function13
    | Method13
    | Function14
    | Method14
    | Function15
    | Method15
    | Function16
    | Method16
    | Function17
    | Method17
    | Function18
    | Method18
    | Function19
    | Method19
    | Function20
    | Method20
    | Function21
    | Method21
    | Function22
    | Method22
    | Function23
    | Method23
    | Function24
    | Method24
    | Function25
    | Method25
    | Function26
    | Method26
    | Function27
    | Method27
    | Function28
    | Method28
    | Function29
    | Method29
    | Function30
    | Method30
    | Function31
    | Method31
    | Function32
    | Method32
    | Function33
    | Method33
    | Function34
    | Method34
    | Function35
    | Method35
    | Function36
    | Method36
    | Function37
    | Method37
    | Function38
    | Method38
    | Function39
    | Method39
    | Function40
    | Method40
    | Function41
    | Method41
    | Function42
    | Method42
    | Function43
    | Method43
    | Function44
    | Method44
)
