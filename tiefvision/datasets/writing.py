"""Writes annotations.json: one entry per line, equal bytes for equal photographs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tiefvision import boxes
from tiefvision.datasets.files import ANNOTATIONS, path_fault
from tiefvision.files import replace_text
from tiefvision.groups import group_of
from tiefvision.records import Garment, Photo

NO_NOTES: Mapping[str, Mapping[str, str]] = MappingProxyType({})
"""Nothing else to be told of any photograph."""


def write_annotations(
    root: Path,
    photos: Sequence[Photo],
    *,
    description: str,
    notes: Mapping[str, Mapping[str, str]] = NO_NOTES,
) -> None:
    """Writes the `annotations_text` of photographs to ``root/annotations.json``.

    The file is replaced whole or not at all; a missing folder is created.
    """
    text = annotations_text(photos, description=description, notes=notes)
    replace_text(root / ANNOTATIONS, text)


def annotations_text(
    photos: Sequence[Photo],
    *,
    description: str,
    notes: Mapping[str, Mapping[str, str]] = NO_NOTES,
) -> str:
    """The content of an annotations.json.

    Photographs are sorted by path and categories by name; both are numbered from 1.

    Args:
        photos: Photographs in any order, each path once.
        description: What the dataset is and where it comes from.
        notes: Further keys of the entries of photographs, by path.

    Raises:
        ValueError: A path repeats, or cannot be one below ``images``.
    """
    ordered = sorted(photos, key=lambda photo: photo.path)
    _check_paths(ordered)
    groups = {
        garment.category: group_of(garment.category, garment.group)
        for photo in ordered
        for garment in photo.garments
    }
    names = sorted(groups)
    category_ids = {name: number for number, name in enumerate(names, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, photo in enumerate(ordered, start=1):
        images.append(_image(image_id, photo) | dict(notes.get(photo.path, {})))
        for garment in photo.garments:
            number = len(annotations) + 1
            category_id = category_ids[garment.category]
            annotations.append(_annotation(number, image_id, category_id, garment))
    lists = {
        "images": images,
        "annotations": annotations,
        "categories": [
            {"id": number, "name": name, "supercategory": groups[name]}
            for name, number in category_ids.items()
        ],
    }
    return _to_json(description, lists)


def _check_paths(photos: Sequence[Photo]) -> None:
    counts = Counter(photo.path for photo in photos)
    for path, count in counts.items():
        fault = path_fault(path) or ("is there more than once" if count > 1 else "")
        if fault:
            raise ValueError(f"the path {path!r} {fault}")


def _image(number: int, photo: Photo) -> dict[str, Any]:
    image = {
        "id": number,
        "file_name": photo.path,
        "width": photo.width,
        "height": photo.height,
        "source": photo.source,
        "item_id": photo.item_id,
        "split": photo.split,
        "license": photo.license,
    }
    # Left out where empty: most photographs have no group and no variant.
    optional = {"group": photo.group, "variant": photo.variant}
    return image | {name: value for name, value in optional.items() if value}


def _annotation(
    number: int, image_id: int, category_id: int, garment: Garment
) -> dict[str, Any]:
    person = {"person": garment.person} if garment.person else {}
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": boxes.xyxy_to_xywh(garment.box_in_image).tolist(),
        "area": float(boxes.area(garment.box_in_image)),
        "iscrowd": 0,
        **person,
    }


def _to_json(description: str, lists: Mapping[str, list[dict[str, Any]]]) -> str:
    info = json.dumps({"description": description}, ensure_ascii=False)
    blocks = [f'"info": {info}']
    for key, entries in lists.items():
        lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
        blocks.append(f'"{key}": [\n' + ",\n".join(lines) + "\n]")
    return "{\n" + ",\n".join(blocks) + "\n}\n"
