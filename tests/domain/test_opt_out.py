"""Who asks us to stop, and who only uses the word."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.opt_out import LONGEST_WORDS, PHRASES, is_opt_out

OPT_OUTS = [
    "STOP",
    "stop",
    "Stop.",
    "STOP!!!",
    "« stop »",
    "stop svp",
    "Stop merci",
    "stop s'il vous plaît",
    "STOP s\u2019il te plaît",
    "stop sil vous plait",
    "bonjour, stop, merci",
    "Stop stop stop",
    "STOP 🙏",
    "🛑 stop 🛑",
    "stop pub",
    "STOP SMS",
    "ARRET",
    "Arrêt",
    "arrêt svp",
    "Arrêtez",
    "Arrêtez tout, merci.",
    "arrêtez s'il vous plaît !",
    "Arrêtez de m'écrire",
    "merci d'arrêter",
    "Désabonner",
    "Désabonnez-moi svp",
    "Je veux me désabonner",
    "Merci de me désabonner",
    "désinscription",
    "Désinscrivez-moi, s'il vous plaît",
    "Ne m'écrivez plus",
    "Ne m'envoyez plus de messages",
    "Je ne souhaite plus recevoir de messages.",
    "Unsubscribe",
    "unsubscribe me please",
    "Please stop",
    "please stop now, thank you",
    "Stop messaging me",
    "STOP ALL",
    "Stop promotions",  # what Meta writes on its button to opt out
    "Arrêter les promotions",
    "Stop marketing messages",
    "opt-out",
    "Opt out",
    "Don't contact me",
    "Do not contact me again!",
    "remove me",
    "\uff33\uff34\uff2f\uff30",  # in full width
    "\U0001d412\U0001d413\U0001d40e\U0001d40f",  # in mathematical bold
    "S\u0301top",
]
ORDINARY = [
    "",
    "   ",
    "👍",
    "...",
    "oui",
    "Yes please",
    "merci",
    "Merci beaucoup, s'il vous plaît",
    "non-stop",
    "nonstop",
    "don't stop",
    "Dont stop",
    "don\u2019t stop please",
    "never stop",
    "stop?",
    "Pourquoi stop ?",
    "Comment me désabonner ?",
    "arrêt maladie",
    "l'arrêt de bus",
    "Il s'arrête",
    "Vous arrêtez",
    "Ça ne s'arrête jamais",
    "On ne vous arrête plus",
    "bus stop",
    "stop by tomorrow",
    "Stop promotions on shoes",
    "Quand arrêter les promotions ?",
    "Stopover in Paris",
    "Je ne peux pas m'arrêter de sourire",
    "I can't stop laughing",
    "Je suis désabonné de tout sauf de vous",
    "full stop",
    "это не stop",
    "من stop",
    "Stop me if I'm wrong but this is great",
    "Please don't unsubscribe me",
    "Ne me désabonnez pas",
    "optional",
    "restop",
]


@pytest.mark.parametrize("text", OPT_OUTS)
def test_whoever_asks_to_stop_is_heard(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_whoever_only_uses_the_word_is_not_cut_off(text: str) -> None:
    assert not is_opt_out(text)


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_counts_alone_and_politely(phrase: str) -> None:
    assert is_opt_out(phrase)
    assert is_opt_out(f"Bonjour, {phrase.upper()} svp. Merci !")


_verdicts = st.sampled_from([(text, True) for text in OPT_OUTS] + [(text, False) for text in ORDINARY])
_around = st.text(st.sampled_from(".,;:!…-\u2013_*()[]\"'«»/ \n\t\u00a0🙏👍🏽❤️😡"), max_size=6)


@given(_verdicts, _around, _around)
def test_punctuation_and_emoji_around_never_change_the_verdict(
    example: tuple[str, bool], before: str, after: str
) -> None:
    text, verdict = example
    assert is_opt_out(before + text + after) is verdict


@given(_verdicts, st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str.capitalize]))
def test_case_never_changes_the_verdict(example: tuple[str, bool], change: type[str]) -> None:
    text, verdict = example
    assert is_opt_out(change(text)) is verdict


@given(_verdicts, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_way_accents_are_encoded_never_changes_the_verdict(example: tuple[str, bool], form: str) -> None:
    text, verdict = example
    assert is_opt_out(unicodedata.normalize(form, text)) is verdict  # type: ignore[arg-type]


@given(_verdicts, st.text(st.sampled_from("\u0300\u0301\u0302\u0308\u0327"), min_size=1, max_size=3))
def test_an_accent_on_the_last_letter_never_changes_the_verdict(
    example: tuple[str, bool], accents: str
) -> None:
    text, verdict = example
    if text and text[-1].isalpha():
        assert is_opt_out(text + accents) is verdict


_words = st.sampled_from(
    ["je", "vous", "demain", "rendez", "non", "stop", "arrêt", "the", "will", "not", "unsubscribe"]
)


@given(st.lists(_words, min_size=LONGEST_WORDS + 1, max_size=60))
def test_long_sentences_never_count(words: list[str]) -> None:
    assert not is_opt_out(" ".join(words))


_ordinary_word = st.sampled_from(["demain", "boutique", "rouge", "tomorrow", "blue", "never", "why"])


@given(st.lists(_words, max_size=5), _ordinary_word, st.lists(_words, max_size=5), st.sampled_from(PHRASES))
def test_an_ordinary_word_beside_the_phrase_makes_it_a_sentence(
    before: list[str], ordinary: str, after: list[str], phrase: str
) -> None:
    assert not is_opt_out(" ".join([*before, ordinary, phrase, *after]))
    assert not is_opt_out(" ".join([*before, phrase, ordinary, *after]))


@given(st.text())
def test_any_text_gets_a_verdict(text: str) -> None:
    assert is_opt_out(text) in {True, False}
