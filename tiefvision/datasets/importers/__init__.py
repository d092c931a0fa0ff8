"""Importers: each converts a published dataset to the project's layout."""

from tiefvision.datasets.importers.ccp import import_ccp
from tiefvision.datasets.importers.deepfashion2 import import_deepfashion2
from tiefvision.datasets.importers.deepfashion_consumer import import_consumer2shop
from tiefvision.datasets.importers.deepfashion_inshop import import_inshop
from tiefvision.datasets.importers.formats import Format, ImportReport
from tiefvision.datasets.importers.lookbench import import_lookbench
from tiefvision.datasets.importers.luma import import_luma
from tiefvision.datasets.importers.street2shop import import_street2shop
from tiefvision.datasets.importers.tiny_imagenet import import_tiny_imagenet

__all__ = ["FORMATS", "Format", "ImportReport"]

DEEPFASHION = "https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html"

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
    "street2shop": Format(
        name="street2shop",
        description="Street2Shop: street photographs, boxes, matching shop products",
        homepage="http://www.tamaraberg.com/street2shop/",
        convert=import_street2shop,
    ),
    "inshop": Format(
        name="inshop",
        description="DeepFashion In-shop: several photographs of each item of a shop",
        homepage=DEEPFASHION,
        convert=import_inshop,
    ),
    "consumer2shop": Format(
        name="consumer2shop",
        description="DeepFashion Consumer-to-shop: pairs of one item, with boxes",
        homepage=DEEPFASHION,
        convert=import_consumer2shop,
    ),
    "deepfashion2": Format(
        name="deepfashion2",
        description="DeepFashion2: photographs of consumers and shops, with boxes",
        homepage="https://github.com/switchablenorms/DeepFashion2",
        convert=import_deepfashion2,
    ),
    "tiny-imagenet": Format(
        name="tiny-imagenet",
        description="Tiny ImageNet: 200 classes of small photographs, no items",
        homepage="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        convert=import_tiny_imagenet,
    ),
    "lookbench": Format(
        name="lookbench",
        description="LookBench: queries and gallery in Parquet, with judgements",
        homepage="https://huggingface.co/datasets/srpone/look-bench",
        convert=import_lookbench,
    ),
}
"""Importers by the name that ``tiefvision data import`` takes."""
