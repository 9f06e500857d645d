"""What people are told when something needs them: which kinds of alerts there are, and their words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Language = Literal["en", "fr"]
Facts = Mapping[str, Any]


class Kind(StrEnum):
    """Of what Relance itself watches. Other kinds may be raised, with words of their own."""

    COMPONENT_DOWN = "component_down"  # worker, api, temporal, redis
    SENDER_STOPPED = "sender_stopped"
    SENDER_ERRORS = "sender_errors"
    QUOTA_HIGH = "quota_high"
    WEBHOOK_SILENCE = "webhook_silence"
    UPKEEP_FINDINGS = "upkeep_findings"  # of its latest run
    INSTALLATION_HELD = "installation_held"  # restored, and not confirmed


class Stage(StrEnum):
    """What a notice says of its alert."""

    RAISED = "raised"
    REMINDER = "reminder"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something is wrong now. While it lasts, `kind` and `subject` are the same; the facts may change."""

    kind: str
    subject: str = ""
    facts: Facts


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """From when on something is wrong. Durations in seconds, shares from 0 to 1."""

    down_s: float = 300.0
    quota_share: float = 0.8
    webhook_silence_s: float = 1800.0
    reminder_s: float = 4 * 3600.0
    settle_s: float = 60.0  # what comes and goes is over when it has not come for so long


# They hover around their thresholds; the others are over at once.
HOVERING = frozenset({Kind.SENDER_ERRORS, Kind.QUOTA_HIGH})

_COMPONENTS = {
    "worker": {"en": "The workers", "fr": "Les workers"},
    "api": {"en": "The API", "fr": "L'API"},
    "temporal": {"en": "Temporal", "fr": "Temporal"},
    "redis": {"en": "Redis", "fr": "Redis"},
}
# Title and body by kind. What a kind lacks here, whoever raises it gives as the facts `title` and `body`.
_WORDS: dict[str, dict[str, tuple[str, str]]] = {
    Kind.COMPONENT_DOWN: {
        "en": ("{component}: down", "{component}: not seen since {since}. {consequence}"),
        "fr": ("{component} : hors service", "{component} : sans signe de vie depuis {since}. {consequence}"),
    },
    Kind.SENDER_STOPPED: {
        "en": (
            "A WhatsApp sender has stopped",
            "{name} ({sender_id}): {reason}. Nothing leaves it until a person has looked at the account and "
            "resumes it: relance sender resume {sender_id}",
        ),
        "fr": (
            "Un expéditeur WhatsApp est arrêté",
            "{name} ({sender_id}) : {reason}. Plus rien n'en part tant que personne n'a vérifié le compte et "
            "ne l'a relancé : relance sender resume {sender_id}",
        ),
    },
    Kind.SENDER_ERRORS: {
        "en": ("Many messages fail", "{name}: {share} of the last messages failed."),
        "fr": ("Beaucoup de messages échouent", "{name} : {share} des derniers messages ont échoué."),
    },
    Kind.QUOTA_HIGH: {
        "en": (
            "The quota of a sender is nearly used up",
            "{name}: {sent} of {quota} messages in 24 hours ({share}).",
        ),
        "fr": (
            "Le quota d'un expéditeur est presque épuisé",
            "{name} : {sent} messages sur {quota} en 24 heures ({share}).",
        ),
    },
    Kind.WEBHOOK_SILENCE: {
        "en": (
            "No webhook arrives any more",
            "Messages leave, but since {since} no webhook has come: replies may be missed. Check the webhook "
            "at the gateway, and whether it reaches {url}.",
        ),
        "fr": (
            "Plus aucun webhook n'arrive",
            "Des messages partent, mais aucun webhook n'est arrivé depuis {since} : des réponses peuvent nous "
            "échapper. Vérifiez le webhook chez le fournisseur, et qu'il atteint bien {url}.",
        ),
    },
    Kind.UPKEEP_FINDINGS: {
        "en": (
            "Something was left behind",
            "The hourly upkeep found {found} and repaired {fixed} of them: {kinds}.",
        ),
        "fr": (
            "Quelque chose était resté en suspens",
            "L'entretien horaire a trouvé {found} anomalies et en a réparé {fixed} : {kinds}.",
        ),
    },
    Kind.INSTALLATION_HELD: {
        "en": (
            "Nothing leaves: this installation was restored",
            "{reason}. Look at it, then confirm: relance restore confirm",
        ),
        "fr": (
            "Plus rien ne part : cette installation a été restaurée",
            "{reason}. Vérifiez, puis confirmez : relance restore confirm",
        ),
    },
}
_CONSEQUENCES = {
    "worker": {
        "en": "Nothing is sent. Webhooks are stored meanwhile.",
        "fr": "Rien n'est envoyé. Les webhooks sont conservés entre-temps.",
    },
    "api": {
        "en": "No webhook is taken in, and nobody can look or act.",
        "fr": "Aucun webhook n'est reçu, et personne ne peut consulter ni agir.",
    },
    "temporal": {"en": "Nothing is sent.", "fr": "Rien n'est envoyé."},
    "redis": {"en": "Everything works, more slowly.", "fr": "Tout fonctionne, plus lentement."},
}
_STAGES = {
    Stage.RAISED: {"en": "{title}", "fr": "{title}"},
    Stage.REMINDER: {"en": "Still: {title}", "fr": "Toujours : {title}"},
    Stage.RESOLVED: {"en": "Over: {title}", "fr": "Terminé : {title}"},
}
_LASTED = {"en": "It lasted {minutes} min.", "fr": "Durée : {minutes} min."}
_TEST = {
    "en": ("A test", "Alerts of Relance arrive here."),
    "fr": ("Un essai", "Les alertes de Relance arrivent bien ici."),
}


def words_for(
    kind: str, subject: str, facts: Facts, *, stage: Stage, lasted_s: float, language: Language
) -> tuple[str, str]:
    """Title and body of one notice."""
    title, body = _WORDS[kind][language] if kind in _WORDS else ("{title}", "{body}")
    given = {
        "title": kind.replace("_", " "),
        "body": subject,
        "name": subject,
        "url": "RELANCE_PUBLIC_URL",
        "component": _COMPONENTS.get(subject, {}).get(language, subject),
        "consequence": _CONSEQUENCES.get(subject, {}).get(language, ""),
        **facts,
    }
    if isinstance(share := given.get("share"), int | float):
        given["share"] = f"{share:.0%}" if language == "en" else f"{share:.0%}".replace("%", " %")
    title, body = (text.format_map(_Lenient(given)).strip() for text in (title, body))
    if stage is Stage.RESOLVED:
        # What had to be done about it is of no use any more.
        lasted = _LASTED[language].format(minutes=max(1, round(lasted_s / 60)))
        body = f"{facts['name']}: {lasted}" if "name" in facts else lasted
    return _STAGES[stage][language].format(title=title), body


def words_for_test(language: Language) -> tuple[str, str]:
    """Title and body of a test."""
    return _TEST[language]


class _Lenient(dict[str, Any]):
    """A notice that lacks a fact is better than none."""

    def __missing__(self, key: str) -> str:
        return "?"
