"""Who may do what: roles of people, scopes of programs, and what every route needs."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a caller may do."""

    READ = "read"
    WRITE = "write"
    SEND = "send"  # whatever makes messages leave or stop: start, schedule, pause, resume, cancel, test sends
    ADMIN = "admin"  # users, and the API keys of everybody


class Role(StrEnum):
    """What a person is. Both do the same; only a super admin manages users."""

    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"

    @property
    def scopes(self) -> frozenset[Scope]:
        """What this role may do."""
        every = frozenset(Scope)
        return every if self is Role.SUPER_ADMIN else every - {Scope.ADMIN}


class Need(StrEnum):
    """What a route asks of its caller: a scope, or one of the rest."""

    OPEN = "open"  # nothing
    LOGIN = "login"  # to be known, whatever the scopes
    PERSON = "person"  # a session: a key does not do
    KEYS = "keys"  # a person, or a program that may manage users
    READ = "read"
    WRITE = "write"
    SEND = "send"
    ADMIN = "admin"


class CallerKind(StrEnum):
    """How somebody proved who they are."""

    PERSON = "person"
    KEY = "key"
    MACHINE = "machine"  # the key that the stack makes for the commands on its own machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who was let in."""

    kind: CallerKind
    id: str
    name: str
    scopes: frozenset[Scope]
    user_id: str | None = None  # the person, or the person to whom the key belongs
    session_id: str | None = None
    must_change_password: bool = False

    @property
    def actor(self) -> str:
        """The name in the audit log: no key can pass for a person."""
        return f"key {self.name}" if self.kind is CallerKind.KEY else self.name

    @property
    def identity(self) -> str:
        """The one caller for whom answers are kept."""
        return f"{self.kind}:{self.id}"

    @property
    def manages_users(self) -> bool:
        """Whether users and the keys of others are their business."""
        return Scope.ADMIN in self.scopes


MACHINE = Caller(kind=CallerKind.MACHINE, id="local", name="local", scopes=frozenset(Scope))
METRICS = Caller(kind=CallerKind.MACHINE, id="metrics", name="metrics", scopes=frozenset({Scope.READ}))
METRICS_PATH = "/metrics"  # the only one that the key for Prometheus opens


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route needs. `{name}` in a path stands for one part of it, a final `**` for any rest."""

    methods: Collection[str]
    path: str
    need: Need
    before_password_change: bool = False  # also for those who still have to change their password
    matches: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Escaped first: the dot of /openapi.json is a dot.
        pattern = re.sub(r"\\\{[a-z_0-9]+\\\}", "[^/]+", re.escape(self.path)).replace(r"\*\*", ".*")
        object.__setattr__(self, "matches", re.compile(pattern, re.DOTALL))


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_GET = ("GET", "HEAD")
_ANY = (*_GET, "POST", "PUT", "PATCH", "DELETE")

# The rooms of the dashboard: files, the same for everybody. What it shows in them, it asks the API for.
DASHBOARD_ROOMS = (
    "campaigns",
    "categories",
    "contacts",
    "messages",
    "monitoring",
    "profile",
    "senders",
    "settings",
    "users",
)

# The first rule that matches decides. What no rule names needs READ, or WRITE when it is not safe: a new route
# is never open by itself.
RULES: tuple[Rule, ...] = (
    Rule(_GET, "/healthz", Need.OPEN),
    Rule(_GET, "/readyz", Need.OPEN),
    # Public knowledge: the source is open. What the pages try out needs a login all the same.
    Rule(_GET, "/docs", Need.OPEN),
    Rule(_GET, "/docs/oauth2-redirect", Need.OPEN),
    Rule(_GET, "/redoc", Need.OPEN),
    Rule(_GET, "/openapi.json", Need.OPEN),
    Rule(_GET, "/static-offline-docs/**", Need.OPEN),
    *(
        Rule(_GET, path, Need.OPEN)
        for path in (
            "/",
            "/assets/{name}",
            "/favicon.svg",
            *(f"/{room}{rest}" for room in DASHBOARD_ROOMS for rest in ("", "/**")),
        )
    ),
    # The gateway proves itself by the secret in the path.
    Rule(_ANY, "/webhooks/**", Need.OPEN),
    Rule(("POST",), "/api/auth/login", Need.OPEN),
    Rule(("POST",), "/api/auth/logout", Need.PERSON, before_password_change=True),
    Rule(_GET, "/api/me", Need.LOGIN, before_password_change=True),
    Rule(("PATCH",), "/api/me", Need.PERSON, before_password_change=True),
    Rule(_ANY, "/api/me/sessions", Need.PERSON),
    Rule(_ANY, "/api/me/sessions/{id}", Need.PERSON),
    Rule(_ANY, "/api/users", Need.ADMIN),
    Rule(_ANY, "/api/users/**", Need.ADMIN),
    Rule(_ANY, "/api/api-keys", Need.KEYS),
    Rule(_ANY, "/api/api-keys/**", Need.KEYS),
    *(
        Rule(("POST",), f"/api/campaigns/{{id}}/{action}", Need.SEND)
        for action in ("start", "pause", "resume", "cancel", "schedule", "test-send")
    ),
    Rule(("DELETE",), "/api/campaigns/{id}/schedule", Need.SEND),
    *(Rule(("POST",), f"/api/senders/{{id}}/{action}", Need.SEND) for action in ("pause", "resume")),
    Rule(("POST",), "/api/restore/confirm", Need.SEND),
)
_READ = Rule(_GET, "/**", Need.READ)
_WRITE = Rule(_ANY, "/**", Need.WRITE)


def rule_for(method: str, path: str) -> Rule:
    """What this request needs."""
    for rule in RULES:
        if method in rule.methods and rule.matches.fullmatch(path):
            return rule
    return _READ if method in SAFE_METHODS else _WRITE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a caller is not let in."""

    title: str
    detail: str
    missing: str


def refusal(rule: Rule, caller: Caller) -> Refusal | None:
    """What a known caller lacks; None: nothing."""
    if caller.must_change_password and not rule.before_password_change:
        return Refusal(
            "Password to be changed",
            "this password was made for one login: choose your own with PATCH /api/me, "
            "giving `current_password` and `password`",
            "password",
        )
    is_person = caller.kind is CallerKind.PERSON
    match rule.need:
        case Need.OPEN | Need.LOGIN:
            return None
        case Need.PERSON if not is_person:
            detail = "this is for people who are signed in (POST /api/auth/login); an API key has none of it"
            return Refusal("Not for programs", detail, "session")
        case Need.PERSON:
            return None
        case Need.KEYS if is_person:
            return None
        case _:
            scope = Scope.ADMIN if rule.need is Need.KEYS else Scope(rule.need)
            return None if scope in caller.scopes else _lacking(scope, is_person=is_person, has=caller.scopes)


def _lacking(scope: Scope, *, is_person: bool, has: Collection[Scope]) -> Refusal:
    if is_person:
        detail = f"this needs the role {Role.SUPER_ADMIN}: ask a super admin"
        return Refusal("Role missing", detail, Role.SUPER_ADMIN)
    detail = f"this needs the scope `{scope}`; the API key has {', '.join(sorted(has)) or 'none any more'}"
    return Refusal("Scope missing", detail, scope)
