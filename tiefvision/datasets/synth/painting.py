"""From panels of cloth in the figure's frame to pixels, and to the garment's mask."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tiefvision.datasets.synth.materials import Material, texture
from tiefvision.datasets.synth.shapes import Points, along_spine
from tiefvision.datasets.synth.views import Plane, View, Window, to_body, to_image

Picture = NDArray[np.float32]
"""(3, H, W) red, green and blue in [0, 1]: planes, eight times as fast to mix."""

Role = Literal["garment", "figure", "occluder"]

SUPERSAMPLING = 2
"""Outlines are drawn at twice the size and averaged: four grey levels at an edge."""

SOFTNESS_HEADS = 0.13
"""How far the light creeps round an edge, and the shadow out from under it."""

COARSE_RADIUS = 4.0
"""Pixels; so wide a blur is the same at half the size, in a third of the time."""

BULGE_HEADS = 0.2
"""Height of a panel's middle above its edges, as far as its shading goes."""


@dataclass(frozen=True)
class Seam:
    """A line on a panel: a path (N, 2) in the figure's frame, its width in heads.

    ``tone`` multiplies the colour beneath: 0 is black.
    """

    path: Points
    width: float = 0.025
    tone: float = 0.62


@dataclass(frozen=True)
class Panel:
    """One piece: cloth, skin or hair.

    Attributes:
        outline: Polygon (N, 2) in the figure's frame.
        material: What it is made of.
        spine: Polyline (K, 2) that the cloth hangs along: the axis of its pattern.
        seams: Lines drawn on it.
        role: The garment that is for sale, the figure, or a thing in front of it.
        folds: Depth of its folds, 0 for none.
        lift: Darkness of the shadow that it casts on what lies beneath, in [0, 1].
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
    """Where the light on the cloth comes from.

    Attributes:
        towards: (x, y) unit vector in the photograph, pointing at the light.
        contrast: How strongly slopes brighten and darken.
        folds: Multiplies the folds of every panel.
    """

    towards: tuple[float, float] = (-0.6, -0.8)
    contrast: float = 1.0
    folds: float = 1.0


@dataclass(frozen=True)
class Painted:
    """A picture and where the garment is in it.

    Attributes:
        picture: (3, H, W) in [0, 1].
        whole: (H, W) coverage in [0, 1] by the garment, behind occluders too.
        visible: (H, W) coverage by what can be seen of it.
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
    """The panels on a copy of the ground, and the masks of those for sale."""
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
    """Waves (H, W) of mean 0 and deviation about 0.7, ``cells`` (rows, columns)."""
    coarse = rng.standard_normal(cells).astype(np.float32)
    resized = Image.fromarray(coarse).resize(
        (shape[1], shape[0]), Image.Resampling.BICUBIC
    )
    return np.asarray(resized, dtype=np.float32)


def as_picture(image: Image.Image) -> Picture:
    """An RGB image as planes."""
    planes = np.asarray(image).transpose(2, 0, 1).astype(np.float32, order="C")
    return planes / np.float32(255)


def blurred(plane: Plane, radius: float) -> Plane:
    """A plane of values in [0, 1] under a Gaussian of ``radius`` pixels."""
    grey = Image.fromarray((plane * 255).astype(np.uint8))
    if radius < COARSE_RADIUS:
        soft = grey.filter(ImageFilter.GaussianBlur(radius))
    else:
        small = grey.reduce(2).filter(ImageFilter.GaussianBlur(radius / 2))
        soft = small.resize(grey.size, Image.Resampling.BILINEAR)
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _window(corners: Points, shape: tuple[int, ...], margin: int) -> Window | None:
    """The part of the photograph around the corners; None outside it."""
    left, top = np.floor(corners.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + margin
    rows = slice(max(int(top), 0), min(int(bottom), shape[0]))
    columns = slice(max(int(left), 0), min(int(right), shape[1]))
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return None
    return rows, columns


def _canvas(window: Window) -> Image.Image:
    rows, columns = window
    width, height = columns.stop - columns.start, rows.stop - rows.start
    return Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))


def _in_canvas(points_in_image: Points, window: Window) -> list[tuple[float, float]]:
    moved = (points_in_image - (window[1].start, window[0].start)) * SUPERSAMPLING
    return [(float(x), float(y)) for x, y in moved]


def _reduced(canvas: Image.Image) -> Plane:
    values = np.asarray(canvas.reduce(SUPERSAMPLING), dtype=np.float32)
    return values / np.float32(255)


def _coverage(corners: Points, window: Window) -> Plane:
    """How much of each pixel of the window the polygon covers."""
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
    """The panel's colours over the window, with folds, roundness and seams.

    ``soft`` is its blurred coverage: a height map that falls off towards the edges.
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
    """Folds hang: about a head and a half long and a third of a head wide."""
    rows = int(np.clip(shape[0] / (1.5 * head), 1, 12)) + 2
    columns = int(np.clip(shape[1] / (0.35 * head), 1, 24)) + 2
    return rows, columns


def _seams(panel: Panel, view: View, window: Window) -> Plane:
    """What the seams leave of the light, in [0, 1]."""
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
