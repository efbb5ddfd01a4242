"""What a class of use cases is: public methods, each run to its end inside its database's context.

Each module of this folder has one such class, which `Store` holds. A step of somebody else's transaction is a plain function of a
Database: a use case must not call another one, which would stand outside the transaction.
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
    """Run the method as `Database.run` does: to its end, whatever becomes of the caller."""

    @wraps(method)
    async def run(self: Self, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return await self._database.run(lambda _: method(self, *args, **kwargs))

    return run
