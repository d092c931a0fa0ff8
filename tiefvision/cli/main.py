"""``tiefvision``: locate, index, search, compare, and what goes with them."""

import sys
from typing import Annotated

import typer

from tiefvision.cli.bench import bench
from tiefvision.cli.bench_catalogue import bench_catalogue
from tiefvision.cli.bench_index import bench_index
from tiefvision.cli.bench_serve import bench_serve
from tiefvision.cli.catalogue import app as catalogue
from tiefvision.cli.compare import compare
from tiefvision.cli.data import app as data
from tiefvision.cli.distil import distil
from tiefvision.cli.doctor import doctor
from tiefvision.cli.export import export
from tiefvision.cli.folds import folds
from tiefvision.cli.index import index
from tiefvision.cli.jobs import jobs
from tiefvision.cli.labels import app as labels
from tiefvision.cli.locate import locate
from tiefvision.cli.models import models
from tiefvision.cli.precision import precision
from tiefvision.cli.quality import quality
from tiefvision.cli.readout import readout
from tiefvision.cli.recommend import recommend
from tiefvision.cli.retrain import app as retrain
from tiefvision.cli.running import guarded
from tiefvision.cli.search import search
from tiefvision.cli.serve import serve
from tiefvision.cli.train import train
from tiefvision.cli.trial import trial
from tiefvision.cli.triplets import app as triplets
from tiefvision.cli.tune import tune
from tiefvision.version import __version__

app = typer.Typer(
    help="Find the garment in a street photograph, then find it in the catalogue.",
    no_args_is_help=True,
)
app.add_typer(data, name="data")
app.add_typer(catalogue, name="catalogue")
app.add_typer(retrain, name="retrain")
app.add_typer(labels, name="labels")
app.add_typer(triplets, name="triplets")
for command in (
    locate,
    index,
    search,
    serve,
    recommend,
    export,
    compare,
    precision,
    train,
    distil,
    readout,
    tune,
    folds,
    trial,
    quality,
    bench,
    bench_index,
    bench_catalogue,
    bench_serve,
    models,
    jobs,
    doctor,
):
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Print the version and stop.",
        ),
    ] = False,
) -> None:
    """Find the garment in a street photograph, then find it in the catalogue."""


def main() -> None:
    """The entry point of the command."""
    sys.exit(guarded(app))
