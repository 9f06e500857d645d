"""Templates: what a contact reads, and what is wrong with a template before anybody reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.template import LONGEST_MESSAGE, check_template, missing_variables, render, variables_of


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {{name}}!", "Hello Zoé!"),
        ("Hello {{ name }}!", "Hello Zoé!"),
        ("Hello {{\tname\n}}!", "Hello Zoé!"),
        ("{{name}}{{name}}", "ZoéZoé"),
        ("From {{city|your town}}", "From your town"),
        ("From {{city| your town }}", "From your town"),
        ("From {{empty|nowhere}}", "From nowhere"),
        ("From {{city}}.", "From ."),
        ("From {{city|}}.", "From ."),
        ("{name} {{{name}}} }}", "{name} {Zoé} }}"),
        ("{{first name}}", "Z."),
        ("No variables at all", "No variables at all"),
    ],
)
def test_a_template_is_filled_for_one_contact(template: str, expected: str) -> None:
    assert render(template, {"name": "Zoé", "empty": "", "first name": "Z."}) == expected


def test_the_variables_of_a_template_come_in_order_and_once() -> None:
    assert variables_of("{{b}} {{ a|x }} {{b|y}} {{c}}") == ["b", "a", "c"]


def test_a_gap_is_a_variable_without_value_and_without_fallback() -> None:
    """An empty fallback is a decision, an empty value is none."""
    template = "{{name}} {{ city }} {{code|}} {{size|M}} {{empty}} {{city}}"
    assert missing_variables(template, {"name": "Zoé", "empty": ""}) == ["city", "empty"]


_text = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=40)
_name = st.from_regex(r"[a-z][a-z ]{0,6}[a-z]", fullmatch=True)


@given(st.lists(st.tuples(_text, _name), max_size=5), _text, st.dictionaries(_name, _text, max_size=5))
def test_no_text_of_the_template_is_lost(parts: list[tuple[str, str]], end: str, more: dict[str, str]) -> None:
    values = {**more, **{name: f"<{name}>" for _text, name in parts}}
    template = "".join(f"{text}{{{{ {name} }}}}" for text, name in parts) + end
    assert render(template, values) == "".join(f"{text}<{name}>" for text, name in parts) + end


@given(
    _text, st.sampled_from(["{{other}}", "{{name}}", "{{x|y}}", "{{", "}}", "{{other|", "\\1", "\\g<0>"]), _text
)
def test_values_are_never_rendered_again(before: str, value: str, after: str) -> None:
    values = {"name": value, "other": "SECRET", "x": "SECRET"}
    assert render(f"{before}{{{{name}}}}{after}", values) == before + value + after


@given(_text, _text)
def test_text_between_two_placeholders_cannot_become_one(left: str, right: str) -> None:
    rendered = render("{{left}}{{right}}", {"left": "{{" + left, "right": right + "}}"})
    assert rendered == "{{" + left + right + "}}"


@given(st.text(st.sampled_from("ab{}| \n")), st.dictionaries(st.text("ab"), st.text(), max_size=3))
def test_any_template_renders(template: str, values: dict[str, str]) -> None:
    render(template, values)
    check_template(template)
    variables_of(template)


def test_a_message_is_never_longer_than_the_provider_takes() -> None:
    assert len(render("{{name}}", {"name": "é" * 7000})) == LONGEST_MESSAGE


def test_a_template_full_of_blanks_is_checked_at_once() -> None:
    """Once took hours: three ways to share out the blanks among the parts of a placeholder."""
    assert check_template("{{" + " " * (LONGEST_MESSAGE - 2)) != []


@pytest.mark.parametrize("template", ["Hello", "Hi {{name}}", "{{name|you}}", "{{ town | here }}", "a {b} c"])
def test_a_good_template_has_no_problems(template: str) -> None:
    assert check_template(template, known=["name"]) == []


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("x" * (LONGEST_MESSAGE + 1), "has 6001 characters"),
        ("Hi {{name", "not closed"),
        ("Hi {{name}", "not closed"),
        ("Hi name}}", "not closed"),
        ("Hi {{a {{name}} }}", "not closed"),
        ("Hi {{}}", "has no name"),
        ("Hi {{ |you}}", "has no name"),
        ("Hi {{town}}", "no contact has the variable town"),
    ],
)
def test_a_bad_template_is_explained(template: str, problem: str) -> None:
    problems = check_template(template, known={"name"})
    assert len(problems) == 1
    assert problem in problems[0]


def test_unknown_variables_are_no_problem_while_nobody_knows_the_contacts() -> None:
    assert check_template("Hi {{town}}") == []
