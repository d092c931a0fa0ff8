"""Paints panels of cloth, given in the figure's frame, and the garment's mask."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tiefvision.datasets.synth.materials import Material, texture
from tiefvision.datasets.synth.shapes import Points, along_spine
from tiefvision.datasets.synth.views import Plane, View, Window, to_body, to_image

Picture = NDArray[np.float32]
"""(3, H, W) float32 RGB in [0, 1]; blending planes is eight times as fast as pixels."""

Role = Literal["garment", "figure", "occluder"]

SUPERSAMPLING = 2
"""Factor at which outlines are drawn before averaging: four grey levels at an edge."""

SOFTNESS_HEADS = 0.13
"""Blur of a panel's coverage in heads: the width of its rounded edge and its shadow."""

COARSE_RADIUS = 4.0
"""Blurs from this radius in pixels on are done at half the size: the same result in a
third of the time."""

BULGE_HEADS = 0.2
"""Height in heads of a panel's middle above its edges, for its shading."""


@dataclass(frozen=True)
class Seam:
    """A line on a panel.

    Attributes:
        path: Polyline (N, 2) in the figure's frame.
        width: Width in heads.
        tone: Factor on the colour beneath; 0 is black.
    """

    path: Points
    width: float = 0.025
    tone: float = 0.62


@dataclass(frozen=True)
class Panel:
    """One piece of cloth, skin, hair or of an occluder.

    Attributes:
        outline: Polygon (N, 2) in the figure's frame.
        material: Cloth of the panel.
        spine: Polyline (K, 2) in the figure's frame, the axis of the cloth's pattern.
        seams: Lines drawn on the panel.
        role: "garment" if it is part of the garment for sale, "figure" for the rest of
            the person, "occluder" for a thing in front.
        folds: Factor on the depth of the folds, 0 for none.
        lift: Darkness, in [0, 1], of the shadow on what lies beneath.
    """

    outline: Points
    material: Material
    spine: Points
    seams: tuple[Seam, ...] = ()
    role: Role = "figure"
    folds: float = 1.0
    lift: float = 0.25


@dataclass(frozen=True)
class Light:
    """The light on the cloth.

    Attributes:
        towards: Unit vector (x, y) in the photograph that points to the light.
        contrast: Factor on the shading of slopes.
        folds: Factor on the folds of every panel.
    """

    towards: tuple[float, float] = (-0.6, -0.8)
    contrast: float = 1.0
    folds: float = 1.0


@dataclass(frozen=True)
class Painted:
    """A picture and where the garment is in it.

    Attributes:
        picture: (3, H, W) RGB in [0, 1].
        whole: (H, W) coverage in [0, 1] by the garment for sale, hidden parts included.
        visible: (H, W) coverage in [0, 1] by its visible parts.
    """

    picture: Picture
    whole: Plane
    visible: Plane


def paint_panels(
    ground: Picture,
    panels: tuple[Panel, ...],
    view: View,
    light: Light,
    rng: np.random.Generator,
) -> Painted:
    """Paints panels over a background, and the masks of the garment for sale.

    Args:
        ground: (3, H, W) background; it is not changed.
        panels: Panels from back to front.
        view: Place of the figure's frame in the photograph.
        light: The light.
        rng: Source of the random folds.
    """
    picture = ground.copy()
    whole = np.zeros(ground.shape[1:], dtype=np.float32)
    visible = whole.copy()
    head = view.pixels_per_head
    for panel in panels:
        corners = to_image(view, panel.outline)
        window = _window(corners, whole.shape, margin=round(0.15 * head))
        if window is None:
            continue
        mask = _coverage(corners, window)
        soft = blurred(mask, SOFTNESS_HEADS * head)
        cloth = _shaded_cloth(panel, soft, view, window, light, rng)
        beneath = picture[:, *window] * (1 - np.float32(panel.lift) * soft)
        picture[:, *window] = beneath + mask * (cloth - beneath)
        if panel.role == "garment":
            whole[window] = np.maximum(whole[window], mask)
            visible[window] = np.maximum(visible[window], mask)
        else:
            visible[window] = visible[window] * (1 - mask)
    return Painted(picture, whole, visible)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]
) -> Plane:
    """Smooth random waves of mean 0 and standard deviation about 0.7.

    Args:
        rng: Source of the random numbers.
        shape: Rows and columns of the result.
        cells: Rows and columns of the noise before it is enlarged.
    """
    coarse = rng.standard_normal(cells).astype(np.float32)
    resized = Image.fromarray(coarse).resize(
        (shape[1], shape[0]), Image.Resampling.BICUBIC
    )
    return np.asarray(resized, dtype=np.float32)


def as_picture(image: Image.Image) -> Picture:
    """Converts an RGB image to (3, H, W) float32 in [0, 1]."""
    planes = np.asarray(image).transpose(2, 0, 1).astype(np.float32, order="C")
    return planes / np.float32(255)


def blurred(plane: Plane, radius: float) -> Plane:
    """A plane of values in [0, 1] after a Gaussian blur of ``radius`` pixels."""
    grey = Image.fromarray((plane * 255).astype(np.uint8))
    if radius < COARSE_RADIUS:
        soft = grey.filter(ImageFilter.GaussianBlur(radius))
    else:
        small = grey.reduce(2).filter(ImageFilter.GaussianBlur(radius / 2))
        soft = small.resize(grey.size, Image.Resampling.BILINEAR)
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _window(corners: Points, shape: tuple[int, ...], margin: int) -> Window | None:
    """The window around the corners within a photograph of this shape.

    None if the corners lie outside the photograph.
    """
    left, top = np.floor(corners.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + margin
    rows = slice(max(int(top), 0), min(int(bottom), shape[0]))
    columns = slice(max(int(left), 0), min(int(right), shape[1]))
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return None
    return rows, columns


def _canvas(window: Window) -> Image.Image:
    """A black mode "L" image of the window, enlarged by ``SUPERSAMPLING``."""
    rows, columns = window
    width, height = columns.stop - columns.start, rows.stop - rows.start
    return Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))


def _in_canvas(points_in_image: Points, window: Window) -> list[tuple[float, float]]:
    """Points in pixels of the photograph to pixels of the window's canvas."""
    moved = (points_in_image - (window[1].start, window[0].start)) * SUPERSAMPLING
    return [(float(x), float(y)) for x, y in moved]


def _reduced(canvas: Image.Image) -> Plane:
    """A canvas averaged to the window's pixels, in [0, 1]."""
    values = np.asarray(canvas.reduce(SUPERSAMPLING), dtype=np.float32)
    return values / np.float32(255)


def _coverage(corners: Points, window: Window) -> Plane:
    """Share of each pixel of the window that the polygon covers, in [0, 1]."""
    canvas = _canvas(window)
    ImageDraw.Draw(canvas).polygon(_in_canvas(corners, window), fill=255)
    return _reduced(canvas)


def _shaded_cloth(
    panel: Panel,
    soft: Plane,
    view: View,
    window: Window,
    light: Light,
    rng: np.random.Generator,
) -> Picture:
    """(3, h, w) colours of a panel in a window, with folds, rounded edges and seams.

    ``soft`` is the panel's blurred coverage, a height map that falls off towards the
    edges.
    """
    head = view.pixels_per_head
    relief = smooth_noise(rng, soft.shape, _fold_cells(soft.shape, head))
    folds = np.float32(0.05 * panel.folds * light.folds) * relief
    if panel.material.pattern == "plain":
        colours = texture(panel.material, soft, soft, 1 / head)
    else:
        x, y = to_body(view, window)
        u, v = along_spine(x, y, panel.spine)
        colours = texture(panel.material, u + folds, v + folds, 1 / head)
    height = np.float32(BULGE_HEADS) * soft + folds
    slope_y, slope_x = np.gradient(height * np.float32(head))
    light_x, light_y = np.array(light.towards, dtype=np.float32)
    facing = -(slope_x * light_x + slope_y * light_y)
    shade = np.clip(1 + np.float32(0.45 * light.contrast) * facing, 0.5, 1.3)
    lit = colours * shade * _seams(panel, view, window)
    return np.asarray(np.clip(lit, 0, 1), dtype=np.float32)


def _fold_cells(shape: tuple[int, ...], head: float) -> tuple[int, int]:
    """Rows and columns of the noise of folds 1.5 heads long and 0.35 heads wide."""
    rows = int(np.clip(shape[0] / (1.5 * head), 1, 12)) + 2
    columns = int(np.clip(shape[1] / (0.35 * head), 1, 24)) + 2
    return rows, columns


def _seams(panel: Panel, view: View, window: Window) -> Plane:
    """(h, w) factors in [0, 1] by which the seams darken the window."""
    remaining = np.ones(
        (window[0].stop - window[0].start, window[1].stop - window[1].start),
        dtype=np.float32,
    )
    scale = view.pixels_per_head * SUPERSAMPLING
    for seam in panel.seams:
        canvas = _canvas(window)
        path = _in_canvas(to_image(view, seam.path), window)
        width = max(1, round(seam.width * scale))
        ImageDraw.Draw(canvas).line(path, fill=255, width=width, joint="curve")
        remaining = remaining * (1 - _reduced(canvas) * np.float32(1 - seam.tone))
    return remaining
