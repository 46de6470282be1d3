"""Ray-casts the views of 3D Shapes: an object in the corner of a room.

A view has no colours: for each pixel it has the weights of the colours of floor, walls and object,
and of white light (the sky, a highlight). An image is the weighted sum of the four colours, so 480
views give the 480,000 images.

The room is z > 0, x < WALL, y < WALL, in units of the object's size at scale 1; the object stands
at the origin and the camera moves around it. Points and directions are float32 [3, n].
"""

import numpy as np

from tfvae.data.shapes3d_bodies import BODIES, MISSED, Body, dot, passes_near

IMAGE_SIZE = 64
SCALES = np.linspace(0.75, 1.25, 8)
ORIENTATIONS = np.linspace(-30.0, 30.0, 15)  # degrees
LAYERS = ("floor", "wall", "object", "light")
_FLOOR, _WALL, _OBJECT, _LIGHT = range(4)

WALL, WALL_HEIGHT = 3.1, 2.9
CAMERA_DISTANCE, CAMERA_HEIGHT, TARGET_HEIGHT = 7.0, 3.4, 1.25
HALF_VIEW = 0.37  # tangent of half the angle of view
SUBPIXELS = 3  # samples of a pixel along each axis
SAMPLES = SUBPIXELS**2

AMBIENT = 0.5  # brightness in the shadow; direct light adds at most 1 - AMBIENT
SUN = np.array([-0.9, -0.5, 1.0])  # direction of direct light
SUN_RADIUS = 0.15  # half its angle, which makes shadows soft
CREVICE, CREVICE_WIDTH = 0.25, 0.7  # light lost where two surfaces meet, and width of that region
HIGHLIGHT, SHARPNESS = 0.45, 40


def views() -> np.ndarray:
    """Returns all views, uint8 [8 * 4 * 15, 64 * 64, 4] of (view, pixel, layer).

    A view's number is (scale * 4 + shape) * 15 + orientation. The layers of a pixel sum to at most
    255.
    """
    found = np.empty((len(SCALES), len(BODIES), len(ORIENTATIONS), IMAGE_SIZE**2, 4), np.uint8)
    for k, orientation in enumerate(ORIENTATIONS):
        room = _Room(orientation)
        for i, scale in enumerate(SCALES):
            for j, body in enumerate(BODIES.values()):
                found[i, j, k] = room.view(body, np.float32(scale))
    return found.reshape(-1, *found.shape[3:])


class _Room:
    """The room at one orientation, with the rays and pixels that all its views share."""

    def __init__(self, orientation: float):
        self.eye, rays = _camera(orientation)
        sun = _sun()
        layers, direct, points = _empty_room(self.eye, rays)
        self.empty = _pixels(layers)
        # Only these pixels can show the object or its shadow.
        largest = np.float32(SCALES[-1])
        near = passes_near(self.eye / largest, rays)
        dark = passes_near(points / largest, sun) & (direct > 0).any(0)
        self.touched = np.flatnonzero((near | dark).reshape(-1, SAMPLES).any(-1))
        samples = (self.touched[:, np.newaxis] * SAMPLES + np.arange(SAMPLES)).ravel()
        self.rays, self.sun, self.points = rays[:, samples], sun[:, samples], points[:, samples]
        self.layers, self.direct = layers[:, samples], direct[:, samples]
        self.near, self.dark = np.flatnonzero(near[samples]), np.flatnonzero(dark[samples])

    def view(self, body: Body, scale: np.float32) -> np.ndarray:
        """Returns the view of one body, uint8 [64 * 64, 4]."""
        layers = self.layers.copy()
        distance = body.distance(self.points[:, self.dark] / scale, self.sun[:, self.dark])
        shadow = self.dark[distance < MISSED]
        layers[:, shadow] -= self.direct[:, shadow]
        distance = body.distance(self.eye / scale, self.rays[:, self.near])
        seen, distance = self.near[distance < MISSED], distance[distance < MISSED]
        normal = body.normal(self.eye / scale + distance * self.rays[:, seen])
        halfway = self.sun[:, seen] - self.rays[:, seen]
        highlight = dot(halfway, normal) / np.sqrt(dot(halfway, halfway))
        highlight = HIGHLIGHT * np.maximum(highlight, 0) ** SHARPNESS
        layers[:, seen] = 0
        # Less light comes from the floor than from above.
        brightness = AMBIENT * (0.8 + 0.2 * normal[2]) + _direct_light(normal)
        layers[_OBJECT, seen] = brightness * (1 - highlight)
        layers[_LIGHT, seen] = highlight
        pixels = self.empty.copy()
        pixels[:, self.touched] = _pixels(layers)
        return pixels.T


def _pixels(layers):
    """Averages each pixel's samples, uint8 [4, pixels]; rounded down, so sums stay below 256."""
    return (255 * layers.reshape(len(LAYERS), -1, SAMPLES).mean(-1)).astype(np.uint8)


def _empty_room(eye, rays):
    """Renders the room without an object: layers [4, n], their part of direct light, points."""
    (x, y, z), (dx, dy, dz) = eye, rays
    distances = np.stack([-z / dz, (WALL - x) / dx, (WALL - y) / dy])
    distances[distances <= 0] = MISSED
    surface, distance = distances.argmin(0), distances.min(0)
    points = eye + distance * rays
    sky = (points[2] > WALL_HEIGHT) | (distance == MISSED)
    normals = np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0]], np.float32)  # of the surfaces
    gaps = np.stack([points[2], WALL - points[0], WALL - points[1]])  # to each of them
    light = 1 - CREVICE * np.exp(-np.maximum(gaps, 0) / CREVICE_WIDTH)
    light = light.prod(0) / (1 - CREVICE)  # no surface darkens itself
    layers, direct = np.zeros((2, len(LAYERS), rays.shape[1]), np.float32)
    for layer, covered in ((_FLOOR, (surface == 0) & ~sky), (_WALL, (surface > 0) & ~sky)):
        direct[layer] = np.where(covered, light * _direct_light(normals)[surface], 0)
        layers[layer] = np.where(covered, light * AMBIENT, 0) + direct[layer]
    layers[_LIGHT] = np.where(sky, 0.97, 0)
    return layers, direct, points


def _direct_light(normal):
    """Returns the sun's light on surfaces with `normal` [3, n], at most 1 - AMBIENT."""
    towards = SUN / np.linalg.norm(SUN)
    return (1 - AMBIENT) * np.maximum(towards.astype(np.float32) @ normal, 0)


def _camera(orientation):
    """Returns the eye, [3, 1], and the ray of every sample, [3, 64 * 64 * samples]."""
    azimuth = np.radians(225.0 - orientation)  # at 0 the room's corner is right behind the object
    x, y = CAMERA_DISTANCE * np.cos(azimuth), CAMERA_DISTANCE * np.sin(azimuth)
    eye = np.array([x, y, CAMERA_HEIGHT])
    forward = _unit(np.array([0, 0, TARGET_HEIGHT]) - eye)
    right = _unit(np.cross(forward, [0, 0, 1]))
    down = np.cross(forward, right)
    count = IMAGE_SIZE * SUBPIXELS
    steps = HALF_VIEW * ((2 * np.arange(count) + 1) / count - 1).reshape(IMAGE_SIZE, SUBPIXELS)
    # By pixel row, pixel column, and the samples' row and column in the pixel.
    rows, columns = steps[:, None, :, None, None], steps[None, :, None, :, None]
    rays = _unit(forward + right * columns + down * rows).reshape(-1, 3)
    return eye.astype(np.float32)[:, np.newaxis], np.ascontiguousarray(rays.T, np.float32)


def _sun():
    """Returns the light direction of each sample; a pixel's samples cover the sun's disc."""
    number = np.arange(SAMPLES)[:, np.newaxis]
    radius, angle = np.sqrt((number + 0.5) / SAMPLES), number * np.pi * (3 - np.sqrt(5))
    across = _unit(np.cross(SUN, [0, 0, 1]))
    up = np.cross(across, _unit(SUN))
    offset = SUN_RADIUS * radius * (across * np.cos(angle) + up * np.sin(angle))
    directions = _unit(_unit(SUN) + offset).T.astype(np.float32)
    return np.tile(directions, IMAGE_SIZE**2)


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
