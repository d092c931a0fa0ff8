"""Importers: each converts a published dataset to the project's layout."""

from tiefvision.datasets.importers.ccp import import_ccp
from tiefvision.datasets.importers.formats import Format, ImportReport
from tiefvision.datasets.importers.lookbench import import_lookbench
from tiefvision.datasets.importers.luma import import_luma

__all__ = ["FORMATS", "Format", "ImportReport"]

FORMATS = {
    "ccp": Format(
        name="ccp",
        description="Clothing Co-Parsing: street photographs with pixel masks",
        homepage="https://github.com/bearpaw/clothing-co-parsing",
        convert=import_ccp,
    ),
    "luma": Format(
        name="luma",
        description="Magento's sample shop: products by view, for evaluation only",
        homepage="https://github.com/magento/magento2-sample-data",
        convert=import_luma,
    ),
    "lookbench": Format(
        name="lookbench",
        description="LookBench: queries and gallery in Parquet, with judgements",
        homepage="https://huggingface.co/datasets/srpone/look-bench",
        convert=import_lookbench,
    ),
}
"""Importers by the name that ``tiefvision data import`` takes."""
