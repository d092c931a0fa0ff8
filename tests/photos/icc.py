"""ICC profiles for tests, written by hand: of RGB by primaries, of grey, of inks."""

import struct

import numpy as np

SRGB_PRIMARIES = [
    *((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708)),
    (0.14307, 0.06061, 0.71410),
]
P3_PRIMARIES = [
    *((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189)),
    (0.15710, 0.06657, 0.78407),
]
PROPHOTO_PRIMARIES = [
    *((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0)),
    (0.03135, 0.00009, 0.82491),
]
"""XYZ of red, green and blue under D50, which profiles refer to."""


def srgb_curve(levels: np.ndarray) -> np.ndarray:
    """Light, 0 to 1, of levels from 0 to 1 in sRGB and Display P3."""
    return np.where(
        levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4
    )


def prophoto_curve(levels: np.ndarray) -> np.ndarray:
    return levels**1.8


def rgb_profile(primaries, curve) -> bytes:
    curves = _curve(curve)
    tags = {
        f"{name}XYZ".encode(): _xyz(*xyz)
        for name, xyz in zip("rgb", primaries, strict=True)
    }
    tags |= {f"{name}TRC".encode(): curves for name in "rgb"}
    return _profile(b"RGB ", b"XYZ ", tags)


def grey_profile(curve) -> bytes:
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": _curve(curve)})


def ink_profile(lab_of) -> bytes:
    """Of CMYK: between the 16 mixtures of full and no inks it is interpolated.

    Args:
        lab_of: function of the four inks, each 0 or 1, that gives L, a and b.
    """
    table = bytearray()
    for corner in np.ndindex(2, 2, 2, 2):
        lightness, a, b = lab_of(*corner)
        table += bytes((round(lightness * 2.55), round(a + 128), round(b + 128)))
    ramp = bytes(range(256))
    unit = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + unit + ramp * 4 + table + ramp * 3
    return _profile(b"CMYK", b"Lab ", {b"A2B0": lut, b"A2B1": lut})


def _curve(curve) -> bytes:
    values = np.round(curve(np.linspace(0, 1, 1024)) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", len(values)) + values.tobytes()


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def _profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {**tags, b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    text = b"text\0\0\0\0test\0"
    tags = {**tags, b"cprt": text, b"desc": text}
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(
        ">I4s4s4s4s4s", 0, b"lcms", b"\2\x20\0\0", kind, space, connection
    )
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    header += _xyz(0.9642, 1.0, 0.8249)[8:] + b"\0" * 48
    table, contents = struct.pack(">I", len(tags)), b""
    start = len(header) + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", start + len(contents), len(content))
        contents += content
    whole = header + table + contents
    return struct.pack(">I", len(whole)) + whole[4:]
