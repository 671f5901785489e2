"""``wangge rules``: the catalogue, or one rule's page, on the terminal."""

from typing import Annotated

import typer

from api.settings import settings
from geo.rules import RULES
from layers.rules.page import LANGUAGES, rule_text, rules_text


def rules(
    code: Annotated[str | None, typer.Argument(help="A rule; without it all are listed.")] = None,
    *,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
) -> None:
    """Say what each rule is about, why it matters, and how to put it right."""
    lang = lang or settings().lang
    if lang not in LANGUAGES:
        raise typer.BadParameter(f"--lang “{lang}” is not known; there are {', '.join(LANGUAGES)}.")
    if code is None:
        typer.echo(rules_text(lang), nl=False)
        return
    if code.upper() not in RULES:
        raise typer.BadParameter(f"“{code}” is no rule; there are {', '.join(RULES)}.")
    typer.echo(rule_text(code.upper(), lang), nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: wangge rules C101 --lang en")(rules)
