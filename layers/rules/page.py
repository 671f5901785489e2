"""The documentation as pages: one a rule, a list of all, and how the proof works; as text too."""

from functools import cache, lru_cache
from typing import Any

import jinja2
from markupsafe import Markup

from geo.phrases import in_english
from geo.rules import LIMITS, RULES, Limit, Rule
from layers.rules.examples import EXAMPLES
from layers.rules.picture import picture
from layers.rules.proof import proof
from layers.rules.words import GROUPS, value_of, words
from layers.style import PALETTE

LANGUAGES = ("zh", "en")


def english_name(rule: Rule) -> str:
    """Return a rule's short name as words.

    Examples
    --------
    >>> english_name(RULES["C105"])
    'Mismatched border'
    """
    return in_english(rule.name.replace("-", " ").capitalize())


def told(rule: Rule, lang: str) -> dict[str, Any]:
    """Return a rule's words in a language."""
    tail = "_zh" if lang == "zh" else ""
    spoken = {name: getattr(rule, name + tail) for name in ("reason", "why", "how")}
    title = rule.name_zh if lang == "zh" else english_name(rule)
    return {
        "code": rule.code, "name": rule.name, "severity": rule.severity,
        "privacy": rule.privacy, "title": title, **spoken,
    }  # fmt: skip


def _limit(limit: Limit, lang: str) -> dict[str, str]:
    name = limit.name_zh if lang == "zh" else limit.name
    return {"key": limit.key, "title": name, "value": value_of(limit, lang)}


@cache
def rule_page(code: str, lang: str) -> str:
    """Return a rule's page as HTML that refers to nothing outside the service.

    Parameters
    ----------
    code
        Of the catalogue.
    lang
        ``zh`` or ``en``.

    Raises
    ------
    KeyError
        If there is no such rule.
    """
    rule, example, codes = RULES[code], EXAMPLES[code], list(RULES)
    found = next(each for each in example.broken.check().findings if each.rule == code)
    message, fix = (found.message_zh, found.fix_zh) if lang == "zh" else (found.message, found.fix)
    place = codes.index(code)
    right = words(lang)["put_right"]
    return _page(
        "rule", lang,
        rule=told(rule, lang), message=message, fix=fix,
        broken=Markup(picture(example.broken, found, lang, message, defs=True)),  # noqa: S704
        sound=Markup(picture(example.sound, None, lang, right, defs=False)),  # noqa: S704
        limits=[_limit(LIMITS[key], lang) for key in rule.limits],
        before=told(RULES[codes[place - 1]], lang) if place else None,
        after=told(RULES[codes[place + 1]], lang) if place + 1 < len(codes) else None,
    )  # fmt: skip


@cache
def rules_page(lang: str) -> str:
    """Return the list of all rules and thresholds as HTML."""
    groups = [
        {
            "title": title[lang == "zh"],
            "rules": [told(rule, lang) for code, rule in RULES.items() if code[0] == letter],
        }
        for letter, title in GROUPS.items()
    ]
    limits = [_limit(limit, lang) for limit in LIMITS.values()]
    return _page("rules", lang, groups=groups, limits=limits)


@cache
def proof_page(lang: str) -> str:
    """Return the page on how the proof works as HTML, its figures and numbers worked out."""
    drawn = proof(lang)
    figures = {name: Markup(getattr(drawn, name)) for name in ("walk", "residue", "faces")}  # noqa: S704
    numbers = {
        name: getattr(drawn, name)
        for name in ("segments", "left_clean", "left_faulty", "grids_m2", "parent_m2",
                     "difference_m2", "sum_m2", "explained")
    }  # fmt: skip
    titles = {code: told(rule, lang)["title"] for code, rule in RULES.items()}
    return _page("proof", lang, proof={**figures, **numbers}, titles=titles)


def _page(name: str, lang: str, **values: object) -> str:
    template = _environment().get_template(f"{name}.html.j2")
    return template.render(lang=lang, words=words(lang), palette=PALETTE, **values) + "\n"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("layers", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


# -- for a terminal ------------------------------------------------------------------------------


def rule_text(code: str, lang: str) -> str:
    """Return a rule's page as lines of text."""
    rule, said = told(RULES[code], lang), words(lang)
    lines = [
        f"{rule['code']}  {rule['title']}  ({rule['name']}, {said[rule['severity']]})", "",
        rule["reason"], "", f"{said['why']}", f"  {rule['why']}", "", f"{said['how']}",
        f"  {rule['how']}",
    ]  # fmt: skip
    limits = [_limit(LIMITS[key], lang) for key in RULES[code].limits]
    if limits:
        lines += ["", said["limits"]]
        lines += [f"  {each['title']}: {each['value']}  [{each['key']}]" for each in limits]
    return "\n".join([*lines, "", f"/docs/rules/{code}?lang={lang}"]) + "\n"


def rules_text(lang: str) -> str:
    """Return the list of all rules as lines of text."""
    said = words(lang)
    rows = [told(rule, lang) for rule in RULES.values()]
    colon = "：" if lang == "zh" else ": "
    return "".join(
        f"{row['code']}  {said[row['severity']]}  {row['title']}{colon}{row['reason']}\n"
        for row in rows
    )
