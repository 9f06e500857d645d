"""Statements of lists: clauses from closed sets, values always as parameters, pages by keyset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from storage.database import Pool

Item = TypeVar("Item")

PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice(Generic[Item]):
    """A part of a list; `next_key` is where the next part begins, None after the last."""

    items: list[Item]
    next_key: list[str] | None


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: expressions with their types; the last one is unique."""

    keys: tuple[tuple[str, str], ...]
    descending: bool

    @property
    def clause(self) -> str:
        """What comes after ORDER BY."""
        direction = "DESC" if self.descending else "ASC"
        return ", ".join(f"{expression} {direction}" for expression, _type in self.keys)

    @property
    def key(self) -> str:
        """The sort key of a row, as texts."""
        return f"ARRAY[{', '.join(f'({expression})::text' for expression, _type in self.keys)}]"


class Where:
    """The conditions of one statement and their values; a condition whose value is None is left out."""

    def __init__(self, *values: object) -> None:
        self.values: list[object] = list(values)
        self._clauses: list[str] = []

    def parameter(self, value: object) -> str:
        """Takes a value; returns the parameter that stands for it."""
        self.values.append(value)
        return f"${len(self.values)}"

    def always(self, clause: str) -> None:
        """Adds a condition that needs no value."""
        self._clauses.append(clause)

    def also(self, clause: str, value: object) -> None:
        """Adds a condition, whose `{}` is the value."""
        if value is not None:
            self._clauses.append(clause.format(self.parameter(value)))

    def after(self, order: Order, key: Sequence[str] | None) -> None:
        """Leaves out everything up to that key. Raises ValueError for a key of another order."""
        if key is None:
            return
        if len(key) != len(order.keys):
            raise ValueError("this is no key of this order")
        names = ", ".join(expression for expression, _type in order.keys)
        values = ", ".join(
            f"{self.parameter(part)}::text::{kind}" for part, (_name, kind) in zip(key, order.keys, strict=True)
        )
        self._clauses.append(f"({names}) {'<' if order.descending else '>'} ({values})")

    def __str__(self) -> str:
        return f"WHERE {' AND '.join(self._clauses)}" if self._clauses else ""


async def fetch_slice(
    pool: Pool,
    statement: str,
    values: Sequence[object],
    kind: type[Item],
    limit: int,
    *,
    plan_anew: bool = False,
) -> Slice[Item]:
    """Runs a statement that gives one row more than the limit, each with its `key`.

    `plan_anew` is for searches: what they find differs by orders of magnitude, and so does the best plan.
    """
    if plan_anew:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(PLAN_ANEW)
            found = await connection.fetch(statement, *values)
    else:
        found = await pool.fetch(statement, *values)
    rows: list[dict[str, Any]] = [dict(row) for row in found]
    keys = [row.pop("key") for row in rows]
    return Slice(
        items=[kind(**row) for row in rows[:limit]],
        next_key=keys[limit - 1] if len(rows) > limit else None,
    )


def as_pattern(text: str) -> str:
    """A text to look for anywhere, as ILIKE takes it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
