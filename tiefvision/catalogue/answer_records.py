"""Garments and answers as JSON: what ``locate --json``, ``search --json`` and the web
interface tell."""

from typing import TYPE_CHECKING, Any

from tiefvision.records import Box, Garment

if TYPE_CHECKING:  # NumPy is imported where something is searched
    from tiefvision.catalogue.answers import Answer
    from tiefvision.catalogue.searcher import Hit


def rounded_box(box: Box | None) -> list[float] | None:
    """A box as JSON shows it: tenths of a pixel."""
    return [round(value, 1) for value in box] if box else None


def label_record(label: str, score: float | None) -> dict[str, Any]:
    """A label as JSON shows it, null where it is unknown."""
    known: dict[str, Any] = {"label": label or None, "label_score": None}
    if label and score is not None:
        known["label_score"] = round(score, 4)
    return known


def garment_record(garment: Garment) -> dict[str, Any]:
    """A garment as JSON shows it."""
    return {
        "category": garment.category,
        **label_record(garment.label, garment.label_score),
        "box": rounded_box(garment.box_in_image),
        "score": round(garment.score, 4),
    }


def answer_record(answer: "Answer") -> dict[str, Any]:
    """An answer as JSON."""
    record: dict[str, Any] = {
        "ranker": answer.ranker,
        "box": rounded_box(answer.box),
        "category": answer.category,
        "results": [hit_record(hit) for hit in answer.hits],
    }
    if answer.text:
        record["text"] = answer.text
    if answer.query.unsure:
        record["unsure"] = True
    if answer.label:
        record |= label_record(answer.label, answer.query.label_score)
    return record | ({"note": answer.note} if answer.note else {})


def hit_record(hit: "Hit") -> dict[str, Any]:
    """A result as JSON."""
    record: dict[str, Any] = {
        "rank": hit.rank,
        "item": hit.item,
        "photo": hit.photo,
        "similarity": round(hit.similarity, 4),
        "match": None if hit.match is None else round(hit.match, 4),
        "box": rounded_box(hit.box_in_image),
    }
    if hit.more_variants:
        record["more_variants"] = hit.more_variants
    if hit.file_state:
        record["file"] = hit.file_state
    if hit.columns:
        record["columns"] = dict(hit.columns)
    return record
