"""What `./dev` hands over to. Each command is a few lines: the work is done in services/local."""

import typer

from services.local import checks

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def main() -> None:
    """Voronka: sales funnels with live boards."""


@app.command()
def check() -> None:
    """Run ruff, mypy and import-linter."""
    if not checks.check():
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="./dev")
