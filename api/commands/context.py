"""What every command is given: which database it works on, and which day it goes by."""

from dataclasses import dataclass
from datetime import date

import typer
from sqlalchemy import URL, Engine

from api.db import database_url, engine, migrate

# Who acts on the command line.
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Context:
    """The options that stand before the command's name."""

    sample: bool = False

    def url(self) -> URL:
        """Return the address of the chosen database; its server runs afterwards."""
        return database_url(sample=self.sample)

    def engine(self) -> Engine:
        """Return an engine for the chosen database, migrated."""
        url = self.url()
        migrate(url)
        return engine(url)


def day_of(today: str | None) -> date | None:
    """Read the option ``--today``; null where it is not given."""
    try:
        return date.fromisoformat(today) if today else None
    except ValueError as error:
        raise typer.BadParameter(
            f"--today “{today}” is not a day; write it as 2026-01-31."
        ) from error
