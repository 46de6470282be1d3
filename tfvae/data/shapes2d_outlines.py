"""Geometry of the 2D Shapes sprites: outlines, positions and pixel rows.

dSprites was drawn without anti-aliasing: a pixel is white if its centre lies inside the shape.
Each constant below was measured on the frames of the authors' published animation: every pixel
centre was mapped to the shape's coordinates, and the curve between white and black was fitted to
within a hundredth of a pixel everywhere.

Coordinates are in pixels, x to the right and y down, relative to the shape's centre.
"""

import numpy as np

CANVAS_SIZE = 64
SHAPES = ("square", "ellipse", "heart")
SCALES = np.linspace(0.5, 1.0, 6)
ORIENTATIONS = np.linspace(0.0, 2 * np.pi, 40)  # counter-clockwise; the last equals the first
# Positions of the centre on the canvas, x from the left and y from the top. A step is 32/31 of a
# pixel, so a sprite's pixels change from position to position.
CENTRES = 16.0 + np.linspace(0.0, 32.0, 32)

SUBPIXELS = 1024  # resolution of a span's end
MAX_SPANS = 2  # a horizontal line crosses at most the heart's two lobes
EMPTY = np.iinfo(np.int16).max  # both ends of an empty span


def outline(shape: str) -> np.ndarray:
    """Returns the vertices of `shape` at scale 1 and orientation 0, float64 [V, 2].

    The square's side is 19.2 pixels, the ellipse's semi-axes are 12.78 (along x) and 7.22, and the
    heart, tip down, is the well-known curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t -
    cos 4t, made 19.2 pixels wide, squeezed and raised.
    """
    if shape == "square":
        return 9.6 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    if shape == "ellipse":
        t = np.linspace(0.0, 2 * np.pi, 64, endpoint=False)
        return np.stack([12.78 * np.cos(t), 7.22 * np.sin(t)], axis=-1)
    if shape == "heart":
        t = np.linspace(0.0, 2 * np.pi, 128, endpoint=False)
        height = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        return 9.6 * np.stack([np.sin(t) ** 3, -0.15 - height / 14.5], axis=-1)
    raise ValueError(f"shape is {shape!r}; it must be one of {', '.join(SHAPES)}")


def row_spans() -> np.ndarray:
    """Returns the spans where each pixel row crosses each sprite.

    Returns:
        int16 [3 * 6 * 40, 32, 64, 4] of (sprite, position_y, row, ends): the ends of at most two
        spans, ascending, along x from the shape's centre, in 1/1024 of a pixel.
    """
    rows = np.arange(CANVAS_SIZE) + 0.5 - CENTRES[:, np.newaxis]  # [32, 64], from the centre
    sprites = [_crossings(_turned(outline(shape)), rows.ravel()) for shape in SHAPES]
    return np.concatenate(sprites).reshape(-1, len(CENTRES), CANVAS_SIZE, 2 * MAX_SPANS)


def _turned(vertices: np.ndarray) -> np.ndarray:
    """Returns `vertices` [V, 2] at every scale and orientation, [6 * 40, V, 2]."""
    angles = np.mod(ORIENTATIONS, 2 * np.pi)  # so that the last orientation is exactly the first
    cosine, sine = np.cos(angles), np.sin(angles)
    rotation = np.array([[cosine, sine], [-sine, cosine]])  # counter-clockwise, as y points down
    turned = np.einsum("s,jko,vk->sovj", SCALES, rotation, vertices)
    return turned.reshape(-1, *vertices.shape)


def _crossings(polygons: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Returns where the horizontal `lines` [L] cross the `polygons` [P, V, 2], int16 [P, L, 4]."""
    found = np.full((len(polygons), len(lines), 2 * MAX_SPANS), EMPTY, np.int16)
    count = np.zeros(found.shape[:2], np.intp)
    starts, ends = polygons, np.roll(polygons, -1, axis=1)
    for edge in range(polygons.shape[1]):
        (x0, y0), (x1, y1) = starts[:, edge].T, ends[:, edge].T
        # A vertex on a line belongs to one of its two edges only.
        crossed = (y0[:, np.newaxis] <= lines) != (y1[:, np.newaxis] <= lines)
        polygon, line = np.nonzero(crossed)
        fraction = (lines[line] - y0[polygon]) / (y1 - y0)[polygon]
        x = x0[polygon] + fraction * (x1 - x0)[polygon]
        found[polygon, line, count[polygon, line]] = np.rint(x * SUBPIXELS).astype(np.int16)
        count[polygon, line] += 1
    return np.sort(found, axis=-1)
