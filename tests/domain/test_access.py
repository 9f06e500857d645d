"""What roles and scopes allow, and that no route is open by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import MACHINE, RULES, Caller, CallerKind, Need, Role, Rule, Scope, refusal, rule_for

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
CALLERS = st.builds(
    Caller,
    kind=st.sampled_from(CallerKind),
    id=st.just("1"),
    name=st.just("Somebody"),
    scopes=st.frozensets(st.sampled_from(Scope)),
    must_change_password=st.booleans(),
)


def test_admins_and_super_admins_do_the_same_but_for_users() -> None:
    """U8."""
    assert Role.SUPER_ADMIN.scopes - Role.ADMIN.scopes == {Scope.ADMIN}
    assert Role.ADMIN.scopes == {Scope.READ, Scope.WRITE, Scope.SEND}


@given(METHODS, st.text(alphabet="abc/-._{}*é\n", max_size=30))
def test_a_path_under_api_that_nobody_named_is_never_open(method: str, rest: str) -> None:
    """A new route needs a login before anybody thinks of it."""
    rule = rule_for(method, f"/api/{rest}")
    assert rule.need is (Need.READ if method in {"GET", "HEAD"} else Need.WRITE)


@pytest.mark.parametrize(
    "path",
    [
        "/openapiXjson",
        "/healthz/",
        "/healthz/more",
        "/docs/other",
        "/webhook/x",
        "/api/auth/login/",
        "/assets/a/b",
        "/campaign",
    ],
)
def test_open_paths_are_open_to_the_letter(path: str) -> None:
    """Nothing beside them is."""
    assert rule_for("GET", path).need is Need.READ
    assert rule_for("POST", path).need is Need.WRITE


def test_the_routes_that_send_need_their_own_scope() -> None:
    """A program that may write drafts cannot start them."""
    for action in ("start", "pause", "resume", "cancel", "test-send"):
        assert rule_for("POST", f"/api/campaigns/1/{action}").need is Need.SEND
    assert rule_for("POST", "/api/senders/1/resume").need is Need.SEND
    assert rule_for("DELETE", "/api/campaigns/1/schedule").need is Need.SEND
    assert rule_for("POST", "/api/campaigns/1/2/start").need is Need.WRITE
    assert rule_for("GET", "/api/campaigns/1/start").need is Need.READ


@given(st.sampled_from(RULES), CALLERS)
def test_a_caller_is_let_in_exactly_with_what_the_rule_asks(rule: Rule, caller: Caller) -> None:
    """Scopes for all; sessions for what belongs to people; the password first."""
    is_person = caller.kind is CallerKind.PERSON
    expected = {
        Need.OPEN: True,
        Need.LOGIN: True,
        Need.PERSON: is_person,
        Need.KEYS: is_person or Scope.ADMIN in caller.scopes,
    }.get(rule.need, str(rule.need) in [str(scope) for scope in caller.scopes])
    if caller.must_change_password and not rule.before_password_change:
        expected = False
    refused = refusal(rule, caller)
    assert (refused is None) == expected
    if refused is not None:
        assert refused.detail
        assert refused.missing


def test_no_key_can_pass_for_a_person_in_the_audit_log() -> None:
    """A key may have any name, also that of a person."""
    person = Caller(kind=CallerKind.PERSON, id="1", name="admin", scopes=frozenset())
    key = Caller(kind=CallerKind.KEY, id="2", name="admin", scopes=frozenset())
    assert len({person.actor, key.actor, MACHINE.actor}) == 3
