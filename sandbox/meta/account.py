"""What Meta allows a number: its approved templates, its window to each person, its limits."""

from dataclasses import asdict, dataclass

from sandbox.behaviour import Settings
from sandbox.meta.errors import MetaError
from sandbox.store import Json, Store
from sandbox.whatsapp.inbound import Inbox

LONGEST_TEMPLATE = 1024


@dataclass(frozen=True, slots=True)
class Template:
    """One that Meta has approved, or has stopped since."""

    name: str
    language: str
    body: str  # with {{1}}, {{2}} ...
    status: str = "APPROVED"

    @property
    def parameters(self) -> int:
        return sum(1 for number in range(1, 100) if f"{{{{{number}}}}}" in self.body)

    def filled(self, values: list[str]) -> str:
        text = self.body
        for number, value in enumerate(values, start=1):
            text = text.replace(f"{{{{{number}}}}}", value)
        return text


DEFAULTS = tuple(Template("relance_message", language, "{{1}}") for language in ("en", "en_US", "fr"))


class Spacing:
    """So many at once, then one every gap; what is taken ahead has to be waited for (GCRA)."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}

    def take(self, key: str, at: float, gap_s: float, burst: int) -> bool:
        free_at = max(at, self._free_at.get(key, at))
        if free_at - at > gap_s * (burst - 1) + 1e-9:
            return False
        self._free_at[key] = free_at + gap_s
        return True


class MetaAccount:
    """Templates are stored; what was sent a moment ago is forgotten in a restart."""

    def __init__(self, store: Store, settings: Settings, inbox: Inbox) -> None:
        self._store = store
        self._settings = settings
        self._inbox = inbox
        self._templates = {(template.name, template.language): template for template in DEFAULTS}
        self._pairs = Spacing()
        self._numbers = Spacing()

    def put_template(self, template: Template) -> None:
        self._templates[template.name, template.language] = template
        self._store.save("meta_template", f"{template.name}/{template.language}", asdict(template))

    def restore(self, documents: dict[str, Json]) -> None:
        for fields in documents.values():
            self._templates[fields["name"], fields["language"]] = Template(**fields)

    def check_limits(self, number_id: str, phone: str, at: float) -> None:
        """Raises MetaError: 130429 over the throughput of the number, 131056 over that of the pair."""
        behaviour = self._settings.behaviour
        per_s = behaviour.meta_throughput_per_s
        if not self._numbers.take(number_id, at, 1 / per_s, per_s):
            raise MetaError(130429, "Rate limit hit: too many messages from this number", status=429)
        pair = f"{number_id}/{phone}"
        if not self._pairs.take(pair, at, behaviour.meta_pair_gap_s, behaviour.meta_pair_burst):
            raise MetaError(131056, "Too many messages from this number to the same user", status=429)

    def window_is_open(self, number_id: str, phone: str, at: float) -> bool:
        """Whether somebody wrote to this number within 24 hours, by the provider's clock."""
        heard_at = self._inbox.last_heard(number_id, phone)
        return heard_at is not None and at - heard_at < self._settings.behaviour.meta_window_s

    def fill(self, name: str, language: str, values: list[str]) -> str:
        """What the phone shows of a template. Raises MetaError: 132001, 132000, 132015, 132005, 132018."""
        template = self._templates.get((name, language))
        if template is None:
            raise MetaError(132001, f"Template name {name} does not exist in {language}", status=404)
        if template.status == "PAUSED":
            raise MetaError(132015, "Template is paused due to low quality")
        if template.status != "APPROVED":
            raise MetaError(132001, f"Template {name} is {template.status}", status=404)
        if len(values) != template.parameters:
            raise MetaError(
                132000,
                f"body: number of parameters ({len(values)}) is not the expected ({template.parameters})",
            )
        if any(value == "" for value in values):
            raise MetaError(131008, "Parameter of type text is missing text value")
        if any("\n" in value or "\t" in value or "     " in value for value in values):
            raise MetaError(132018, "Param text cannot have new-line/tab characters or more than 4 spaces")
        text = template.filled(values)
        if len(text) > LONGEST_TEMPLATE:
            raise MetaError(132005, f"Translated text too long: {len(text)} of {LONGEST_TEMPLATE}")
        return text
