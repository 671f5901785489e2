"""Every setting and every command stands in the README, in both languages."""

from pathlib import Path

import pytest
import typer.main

from api.cli import app
from api.settings import Settings

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.zh.md"]
DEFAULTS = {"workers", "session_hours", "tile_cache_mb", "port", "host", "lang"}


def commands() -> list[str]:
    group = typer.main.get_command(app)
    context = typer.Context(group)
    found = []
    for name in group.list_commands(context):
        inner = getattr(group.get_command(context, name), "commands", None)
        found += [f"{name} {each}" for each in inner] if inner else [f"wangge {name}"]
    return found


@pytest.mark.parametrize("readme", READMES)
def test_settings_are_documented(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert [n for n in Settings.model_fields if f"`WANGGE_{n.upper()}`" not in text] == []
    for name in DEFAULTS:
        line = next(line for line in text.splitlines() if f"`WANGGE_{name.upper()}`" in line)
        assert str(Settings.model_fields[name].default) in line


@pytest.mark.parametrize("readme", READMES)
def test_commands_are_documented(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert commands()
    assert [command for command in commands() if command not in text] == []


@pytest.mark.parametrize("readme", READMES)
def test_what_a_readme_links_to_exists(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = [part.split(")")[0] for part in text.split("](")[1:]]
    assert [each for each in targets if "://" not in each and not (ROOT / each).exists()] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_two_commands_come_first(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert text.index("make demo") < text.index("make test") < text.index("bin/wangge check ")
