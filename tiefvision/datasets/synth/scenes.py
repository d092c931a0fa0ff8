"""Composes one photograph of an item, a figure, a background and a camera."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import as_box
from tiefvision.datasets.synth import backgrounds, occluders, photography
from tiefvision.datasets.synth.figure import draw_looks, dressed
from tiefvision.datasets.synth.garments import (
    back_of_neck,
    body_panels,
    sleeve_panels,
)
from tiefvision.datasets.synth.items import Item
from tiefvision.datasets.synth.outfits import Worn, neutral, outfit
from tiefvision.datasets.synth.painting import (
    Light,
    Painted,
    Panel,
    Picture,
    paint_panels,
)
from tiefvision.datasets.synth.photography import Camera
from tiefvision.datasets.synth.poses import Pose, draw_pose
from tiefvision.datasets.synth.shapes import ellipse
from tiefvision.datasets.synth.views import View, to_image
from tiefvision.photos.reading import Photograph
from tiefvision.records import Box

SHOP_SIZE = (480, 640)
STREET_SIZES = ((420, 640), (480, 640), (480, 600), (600, 480))
"""(width, height) in pixels; three upright sizes and a sideways one."""

STREET_COVERAGE = (0.06, 0.5)
"""Range of the share of a photograph that the garment's box fills, log-uniform."""

LARGEST_SIDE = 0.94
"""Largest share of a photograph's side that the box fills, so that a margin is left."""

LARGEST_OCCLUSION = 0.3
"""Largest share of a garment that may be hidden; beyond, people would have to guess."""


@dataclass(frozen=True)
class Scene:
    """A photograph with its ground truth.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        box_in_image: Box in pixels around the visible garment, as an annotator draws
            it: parts behind a bag or beyond the edge cannot be learned from the
            photograph.
        visible: (H, W) bool, the pixels of which the visible garment covers half or
            more.
        hidden_share: Share of the garment inside the photograph that is hidden.
        quality: JPEG quality, 1 to 95.
    """

    photo: Photograph
    box_in_image: Box
    visible: NDArray[np.bool_]
    hidden_share: float
    quality: int


def shop_scene(item: Item, rng: np.random.Generator) -> Scene:
    """A shop photograph: the item as on an invisible mannequin, on clean paper."""
    spread = float(rng.uniform(0.2, 0.36))
    pose = Pose(arms=(spread, spread), build=1.0)
    panels = tuple(
        replace(panel, role="garment")
        for make in (back_of_neck, body_panels, sleeve_panels)
        for panel in make(item.cut, item.material, pose)
    )
    view = _framed(
        View(_leaning(float(rng.normal(0.0, 0.01)), 0.0, 0.0)),
        panels,
        SHOP_SIZE,
        coverage=float(rng.uniform(0.5, 0.62)),
        place=(float(rng.uniform(0.45, 0.55)), float(rng.uniform(0.4, 0.6))),
        with_head=False,
    )
    head = view.pixels_per_head
    shifted = [to_image(view, panel.outline) + 0.08 * head for panel in panels]
    ground = backgrounds.with_shadow(
        backgrounds.studio(rng, SHOP_SIZE), shifted, 0.15 * head, 0.22
    )
    light = Light(contrast=0.75, folds=0.5)
    painted = paint_panels(ground, panels, view, light, rng)
    return _taken(painted, photography.draw_studio_camera(rng), rng)


def street_scene(item: Item, rng: np.random.Generator) -> Scene:
    """A street photograph: the item worn by a person in a street."""
    pose, looks = draw_pose(rng), draw_looks(rng)
    sold = Worn(item.cut, item.material, for_sale=True)
    figure = dressed(pose, looks, outfit(sold, rng))
    size = STREET_SIZES[int(rng.integers(len(STREET_SIZES)))]
    view = _street_view(figure, size, rng)
    light = Light(
        towards=_unit(float(rng.uniform(np.pi, 2 * np.pi))),
        contrast=float(rng.uniform(0.7, 1.3)),
        folds=float(rng.uniform(0.7, 1.6)),
    )
    ground = _street_ground(view, size, light, rng)
    props = occluders.draw_occluders(pose, rng)
    painted = paint_panels(ground, figure + props, view, light, rng)
    if _hidden_share(painted) > LARGEST_OCCLUSION:
        painted = paint_panels(ground, figure, view, light, rng)
    return _taken(painted, photography.draw_street_camera(rng), rng)


def _street_view(
    figure: tuple[Panel, ...], size: tuple[int, int], rng: np.random.Generator
) -> View:
    """A random view of a figure that sways, leans and is seen a little obliquely."""
    low, high = np.log(STREET_COVERAGE)
    leaning = _leaning(
        float(rng.normal(0.0, 0.04)),
        float(rng.uniform(-0.012, 0.012)),
        float(rng.uniform(-0.015, 0.015)),
    )
    waves = rng.normal(0.0, 1.0, (4, 2)) * [[1.0], [1.5], [3.0], [4.0]]
    shifts = rng.normal(0.0, 1.0, (4, 2)) * [[0.05], [0.04], [0.015], [0.01]]
    unscaled = View(leaning, waves, shifts, rng.uniform(0, 2 * np.pi, 4))
    return _framed(
        unscaled,
        tuple(panel for panel in figure if panel.role == "garment"),
        size,
        coverage=float(np.exp(rng.uniform(low, high))),
        place=(float(rng.beta(2, 2)), float(rng.beta(2, 2))),
        with_head=True,
    )


def _leaning(angle: float, turn: float, tilt: float) -> NDArray[np.float64]:
    """(3, 3) homography that leans the figure's frame and turns it in depth.

    Args:
        angle: Angle of the lean in radians.
        turn: Relative depth that one head to the right adds: a camera at the side.
        tilt: Relative depth that one head down adds: a camera above or below.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    depth = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [turn, tilt, 1 - 4 * tilt]])
    return np.asarray(depth @ rotation, dtype=np.float64)


def _framed(
    unscaled: View,
    panels: tuple[Panel, ...],
    size: tuple[int, int],
    coverage: float,
    place: tuple[float, float],
    with_head: bool,
) -> View:
    """Scales and moves a view until the panels' box fills its share of the photograph.

    Args:
        unscaled: The view before scaling.
        panels: Panels whose bounding box is placed, always inside the photograph.
        size: Width and height of the photograph in pixels.
        coverage: Share of the photograph that the box should fill; it fills less where
            a side would exceed ``LARGEST_SIDE``.
        place: Place of the box in the room that is left, from (0, 0) at the upper left
            to (1, 1).
        with_head: Whether to keep the figure's head in the photograph where it fits.
    """
    corners = np.vstack([to_image(unscaled, panel.outline) for panel in panels])
    low, high = corners.min(axis=0), corners.max(axis=0)
    sides, frame = high - low, np.array(size, dtype=np.float64)
    wanted = np.sqrt(coverage * frame.prod() / sides.prod())
    scale = min(float(wanted), float((LARGEST_SIDE * frame / sides).min()))
    room = frame - scale * sides
    margin = 0.5 * (1 - LARGEST_SIDE) * frame
    start = margin.copy()
    if with_head:
        start[1] = max(start[1], min(scale * (low[1] + 0.1), room[1] - margin[1]))
    corner = start + np.array(place) * (room - margin - start)
    moved = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0], [0.0, 0.0, 1.0]])
    moved[:2, 2] = corner - scale * low
    return replace(unscaled, body_to_image=moved @ unscaled.body_to_image)


def _street_ground(
    view: View, size: tuple[int, int], light: Light, rng: np.random.Generator
) -> Picture:
    """A street with the figure's shadow, sometimes with a passer-by far behind."""
    head = view.pixels_per_head
    feet = to_image(view, [[0.0, 8.0]])[0]
    horizon = int(
        np.clip(feet[1] - rng.uniform(0.7, 3.0) * head, 0.35 * size[1], 0.92 * size[1])
    )
    ground = backgrounds.street(rng, size, horizon)
    if rng.random() < 0.35:
        ground = _with_passer_by(ground, horizon, light, rng)
    cast = ellipse(
        feet - [0.4 * light.towards[0] * head, 0.0], [1.3 * head, 0.25 * head]
    )
    return backgrounds.with_shadow(ground, [cast], 0.2 * head, 0.45)


def _with_passer_by(
    ground: Picture, horizon: int, light: Light, rng: np.random.Generator
) -> Picture:
    height, width = ground.shape[1:]
    head = float(rng.uniform(0.04, 0.07)) * height
    worn = neutral("trousers", rng), neutral("top", rng)
    x = float(rng.uniform(0.05, 0.95)) * width
    placed = [[head, 0.0, x], [0.0, head, horizon + 0.6 * head - 8 * head]]
    view = View(np.array([*placed, [0.0, 0.0, 1.0]]))
    panels = dressed(draw_pose(rng), draw_looks(rng), worn)
    return paint_panels(ground, panels, view, light, rng).picture


def _hidden_share(painted: Painted) -> float:
    """Share of the garment inside the photograph that is hidden, in [0, 1]."""
    return float(1 - painted.visible.sum() / max(painted.whole.sum(), 1e-6))


def _taken(painted: Painted, camera: Camera, rng: np.random.Generator) -> Scene:
    visible = painted.visible >= 0.5
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    box = as_box([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    photo = photography.photograph(painted.picture, camera, rng)
    return Scene(photo, box, visible, _hidden_share(painted), camera.quality)


def _unit(angle: float) -> tuple[float, float]:
    """Unit vector (x, y) at an angle in radians."""
    return float(np.cos(angle)), float(np.sin(angle))
