"""Reads what an API request says, and refuses what Wassenger would refuse, in its own shape."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from sandbox.api.validation import problem, refusal
from sandbox.clock import parse_moment
from sandbox.errors import ApiError
from sandbox.store import Json
from sandbox.world import Universe, World

T = TypeVar("T")

DEFAULT_SIZE = 20
LARGEST_SIZE = 1000


def universe_of(request: Request) -> Universe:
    universe: Universe = request.app.state.universe
    return universe


async def current_world(request: Request) -> World:
    return universe_of(request).world


CurrentWorld = Annotated[World, Depends(current_world)]


async def json_object(request: Request) -> Json:
    """The body, which must be a JSON object."""
    try:
        body = await request.json()
    except ValueError:
        raise ApiError(400, "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise refusal([problem("body", "must be a JSON object")])
    return body


class Query:
    """The parameters of a listing; lists come as `a=1&a=2` or as `a=1,2`."""

    def __init__(self, request: Request) -> None:
        self._parameters = request.query_params

    def one(self, name: str) -> str | None:
        return self._parameters.get(name)

    def many(self, *names: str) -> set[str]:
        """All values given under any of these names; empty means no filter."""
        given = (text for name in names for text in self._parameters.getlist(name))
        return {value for text in given for value in text.split(",") if value}

    def moment(self, name: str) -> float | None:
        text = self.one(name)
        if text is None:
            return None
        try:
            return parse_moment(text)
        except ValueError:
            raise refusal([problem(name, "must be an ISO date")]) from None

    def number(self, name: str, default: int, highest: int) -> int:
        text = self.one(name)
        if text is None:
            return default
        if not text.isdigit() or int(text) > highest:
            raise refusal([problem(name, f"must be a whole number up to {highest}")])
        return int(text)

    def page_of(self, items: Iterable[T]) -> Iterator[T]:
        """The part of `items` that was asked for; pages count from 0."""
        size = self.number("size", DEFAULT_SIZE, LARGEST_SIZE)
        start = self.number("page", 0, 1_000_000) * size
        return islice(items, start, start + size)


def filtered_by(values: set[str], attribute: Callable[[Any], object]) -> Callable[[Any], bool]:
    """A filter on one attribute that lets everything pass when no value was asked for."""
    return lambda item: not values or attribute(item) in values
