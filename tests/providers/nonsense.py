"""What a webhook could look like that nobody meant, for Hypothesis: from odd JSON to real events gone wrong."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.providers.payloads import Json, ack, envelope, gateway_item, incoming, reaction, vote

REAL = [
    incoming(body="Yes", quoted={"wid": "3EB0", "reference": "r"}),
    incoming(type="image", media={"caption": "Look"}),
    reaction("👍"),
    vote(),
    ack("delivered", events={"delivered": {"date": "2026-03-28T10:00:05.250Z"}}),
    gateway_item("message:out:failed", failureReason="gone"),
    envelope("number:session", {"session": {"status": "online"}}),
]

odd_json: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.text(st.characters(categories=["Cs", "Cc"]), max_size=5),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
    max_leaves=12,
)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a payload."""
    found = [prefix] if prefix else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    for name, item in pairs:
        found += paths(item, (*prefix, name))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    """A real event in which some places hold something else, or nothing."""
    payload = deepcopy(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(paths(payload)))
        place: Any = payload
        for name in way:
            place = place[name]
        if draw(st.booleans()):
            place[last] = draw(odd_json)
        else:
            del place[last]
        if not payload:
            break
    return payload
