"""Does this message ask us to stop? Asked before anything else about an inbound message.

The rule is conservative in both directions: a message is an opt-out if, after dropping case, accents,
punctuation and emoji, it consists of an opt-out phrase and polite filler words only. "stop svp" is one,
"non-stop" and "don't stop" are not, and neither is any sentence that merely contains such a word.
"""

import re
import unicodedata

PHRASES = (
    "stop",
    "stopper",
    "stopp",
    "stop pub",
    "stop sms",
    "stop whatsapp",
    "stop messages",
    "stop message",
    "stop all",
    "stop promo",
    "stop promos",
    "stop promotion",
    "stop promotions",
    "stop marketing",
    "stop marketing messages",
    "arret",
    "arrets",
    "arreter",
    "arretez",
    "arrete",
    "arretez tout",
    "arretez de m ecrire",
    "arretez de me contacter",
    "arretez les messages",
    "arreter les messages",
    "arreter les messages marketing",
    "arretez les messages marketing",
    "arreter les promotions",
    "arretez les promotions",
    "arreter les promos",
    "arretez les promos",
    "stopper les promotions",
    "desabonner",
    "desabonnement",
    "desabonne",
    "desabonnez moi",
    "me desabonner",
    "je veux me desabonner",
    "je souhaite me desabonner",
    "desinscription",
    "desinscrire",
    "desinscrivez moi",
    "me desinscrire",
    "je veux me desinscrire",
    "je souhaite me desinscrire",
    "de me desabonner",
    "de me desinscrire",
    "de ne plus me contacter",
    "de ne plus m ecrire",
    "de ne plus m envoyer de messages",
    "d arreter",
    "ne plus recevoir",
    "ne plus recevoir de messages",
    "je ne veux plus recevoir de messages",
    "je ne souhaite plus recevoir de messages",
    "ne me contactez plus",
    "ne m ecrivez plus",
    "ne m envoyez plus de messages",
    "supprimez mon numero",
    "unsubscribe",
    "unsubscribe me",
    "opt out",
    "optout",
    "remove me",
    "stop messaging me",
    "stop texting me",
    "stop sending messages",
    "stop sending me messages",
    "stop contacting me",
    "do not contact me",
    "don t contact me",
    "do not contact me again",
    "cancel subscription",
)

FILLERS = frozenset(
    {
        "arret",
        "bonjour",
        "bonsoir",
        "cordialement",
        "hello",
        "hi",
        "immediatement",
        "maintenant",
        "me",
        "merci",
        "mercis",
        "moi",
        "now",
        "please",
        "pls",
        "plz",
        "salut",
        "stop",
        "stp",
        "svp",
        "thank",
        "thanks",
        "you",
    }
)

LONGEST_WORDS = 12  # nobody unsubscribes in an essay

_WORD = re.compile(r"[^\W_]+")  # of any alphabet: a word that we cannot read is no filler
_IF_YOU_PLEASE = re.compile(r"\bs ?il (te|vous) plai[ts]\b")  # its words alone are no fillers: "il s'arrete"
_PHRASE_WORDS = [phrase.split() for phrase in PHRASES]


def is_opt_out(text: str) -> bool:
    """Whether this inbound text asks us to stop, in French or English."""
    plain = _plain(text)
    words = _IF_YOU_PLEASE.sub("svp", " ".join(_WORD.findall(plain))).split()
    if "?" in plain or not words or len(words) > LONGEST_WORDS:
        return False
    return any(
        words[start : start + len(phrase)] == phrase
        and FILLERS.issuperset(words[:start] + words[start + len(phrase) :])
        for phrase in _PHRASE_WORDS
        for start in range(len(words) - len(phrase) + 1)
    )


def _plain(text: str) -> str:
    """Lower case without accents; the bold and round letters of fancy fonts become plain ones first."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in letters if not unicodedata.combining(character))
