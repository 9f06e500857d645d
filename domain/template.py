"""Message templates: `{{variable}}` and `{{variable|fallback}}`."""

import re
from collections.abc import Collection, Mapping

LONGEST_MESSAGE = 6000  # characters; Wassenger's limit

_PLACEHOLDER = re.compile(r"\{\{([^{}|]*)(?:\|([^{}]*))?\}\}")


def variables_of(template: str) -> list[str]:
    """The variables that a template uses, in order, each once."""
    return list(dict.fromkeys(match[1].strip() for match in _PLACEHOLDER.finditer(template)))


def render(template: str, variables: Mapping[str, str]) -> str:
    """The message for one contact. An empty variable takes its fallback; values are never rendered again."""

    def fill(match: re.Match[str]) -> str:
        return variables.get(match[1].strip(), "") or (match[2] or "").strip()

    return _PLACEHOLDER.sub(fill, template)[:LONGEST_MESSAGE]


def could_render(template: str, text: str) -> bool:
    """Whether the template, with some values or others, gives this text."""
    pattern, end = "", 0
    for match in _PLACEHOLDER.finditer(template):
        pattern += re.escape(template[end : match.start()]) + ".*?"
        end = match.end()
    pattern += re.escape(template[end:])
    return render(template, {}) == text or re.fullmatch(pattern, text, re.DOTALL) is not None


def missing_variables(template: str, variables: Mapping[str, str]) -> list[str]:
    """The variables that would leave a gap: without a value here, and without a fallback, even an empty one."""
    gaps = [
        match[1].strip()
        for match in _PLACEHOLDER.finditer(template)
        if match[2] is None and not variables.get(match[1].strip())
    ]
    return list(dict.fromkeys(gaps))


def check_template(template: str, known: Collection[str] | None = None) -> list[str]:
    """What is wrong with a template, in sentences; `known` are the variables that contacts have."""
    problems = []
    if not template.strip():
        problems.append("the message is empty")
    if len(template) > LONGEST_MESSAGE:
        problems.append(f"the message has {len(template)} characters, at most {LONGEST_MESSAGE} are allowed")
    rest = _PLACEHOLDER.sub("", template)
    if "{{" in rest or "}}" in rest:
        problems.append("a placeholder is not closed: write {{name}} or {{name|there}}")
    for match in _PLACEHOLDER.finditer(template):
        variable = match[1].strip()
        if not variable:
            problems.append(f"a placeholder has no name: {match[0]}")
        elif known is not None and match[2] is None and variable not in known:
            problems.append(f"no contact has the variable {variable}, and it has no fallback")
    return problems
