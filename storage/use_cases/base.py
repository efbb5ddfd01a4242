"""The base class of use cases: public methods, each run to its end in its database's context.

Most modules of this folder have one such class, an attribute of `Store`. A step of another module's transaction is a plain
function with a Database as its first argument: a use case must not call another one, which would run outside the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from storage.database.connection import Database

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")
Self = TypeVar("Self", bound="UseCases")


class UseCases:
    """Use cases of one open database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def use_case(
    method: Callable[Concatenate[Self, Parameters], Coroutine[Any, Any, Result]],
) -> Callable[Concatenate[Self, Parameters], Coroutine[Any, Any, Result]]:
    """Run the method by `Database.run`: to its end, also when the caller is cancelled."""

    @wraps(method)
    async def run(self: Self, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return await self._database.run(lambda _: method(self, *args, **kwargs))

    return run
