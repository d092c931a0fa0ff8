"""The table of recipes in ``docs/training-rankers.md``.

Command python -m tiefvision.cli.recipes
"""

import typer

from tiefvision.triplets.recipes import RECIPES, Recipe

COMMAND = "python -m tiefvision.cli.recipes"
"""Command that prints the table."""

HEADER = (
    "| network | loss, margin | reduction | optimiser | rate | batch | epochs "
    "| augmentation | sampling | trunk |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def render_recipes() -> str:
    """The table in Markdown; networks of one recipe share a row."""
    names: dict[Recipe, list[str]] = {}
    for name, recipe in RECIPES.items():
        names.setdefault(recipe, []).append(f"`{name}`")
    rows = [_row(", ".join(them), recipe) for recipe, them in names.items()]
    return "\n".join((*HEADER, *rows))


def _row(names: str, recipe: Recipe) -> str:
    cells = (
        names,
        f"{recipe.loss}, {recipe.margin:g}",
        recipe.reduction,
        _optimiser(recipe),
        _rate(recipe),
        f"{recipe.batch}",
        f"{recipe.epochs}",
        recipe.augmentation,
        recipe.sampling,
        recipe.backbone,
    )
    return f"| {' | '.join(cells)} |"


def _optimiser(recipe: Recipe) -> str:
    momentum = recipe.optimiser in ("sgd", "nesterov")
    parts = [
        f"{recipe.optimiser} {recipe.momentum:g}" if momentum else recipe.optimiser,
        f"decay {recipe.weight_decay:g}" if recipe.weight_decay else "",
    ]
    return ", ".join(part for part in parts if part)


def _rate(recipe: Recipe) -> str:
    parts = [
        f"{recipe.learning_rate:g}",
        f"/10 after each 1/{recipe.parts}" if recipe.schedule == "steps" else "",
        "cosine" if recipe.schedule == "cosine" else "",
        f"biases x{recipe.bias_rate:g}" if recipe.bias_rate != 1 else "",
    ]
    return ", ".join(part for part in parts if part)


def main() -> None:
    """Print the table."""
    typer.echo(render_recipes())


if __name__ == "__main__":
    main()
