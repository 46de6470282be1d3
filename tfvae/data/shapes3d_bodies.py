"""The bodies of 3D Shapes: intersection with rays, and surface normals.

Each body stands on the floor z = 0 around the z axis, at scale 1. Origins and directions are
float32 [3, n] (an origin also [3, 1]); directions are unit vectors.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

CUBE_SIDE = 1.6
CYLINDER_RADIUS, CYLINDER_HEIGHT = 0.8, 1.75
SPHERE_RADIUS = 1.0
CAPSULE_RADIUS, CAPSULE_HEIGHT = 0.62, 2.35
# Bounding ball of every body.
CENTRE, REACH = np.array([[0], [0], [1]], np.float32), np.float32(1.52)

MISSED = np.float32(1e6)  # distance if a ray misses the body


class Body(NamedTuple):
    """One shape.

    Attributes:
        distance: maps origins and directions to the distance to the surface, [n], or `MISSED`.
        normal: maps points on the surface, [3, n], to unit normals, [3, n].
    """

    distance: Callable[[np.ndarray, np.ndarray], np.ndarray]
    normal: Callable[[np.ndarray], np.ndarray]


def dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns the inner products of vectors [3, n] (or [3, 1]), [n]."""
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]


def passes_near(origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Returns whether rays enter the bounding ball of every body, bool [n]."""
    offset = CENTRE - origin
    along = np.maximum(dot(offset, direction), 0)
    return dot(offset, offset) - along**2 < REACH**2


def _raised(points, height):
    """Returns the points relative to the point on the axis `height` above the floor."""
    return points - np.array([[0], [0], [height]], np.float32)


def _to_ball(origin, direction, height, radius):
    origin = _raised(origin, height)
    half = dot(origin, direction)
    root = half * half - dot(origin, origin) + np.float32(radius**2)
    distance = -half - np.sqrt(np.maximum(root, 0))
    return np.where((root > 0) & (distance > 0), distance, MISSED)


def _to_side(origin, direction, radius, low, high):
    """Returns the distance to the side of an upright cylinder between two heights."""
    (x, y, z), (dx, dy, dz) = origin, direction
    square, half = dx * dx + dy * dy, x * dx + y * dy
    root = half * half - square * (x * x + y * y - np.float32(radius**2))
    distance = (-half - np.sqrt(np.maximum(root, 0))) / square
    height = z + distance * dz
    met = (root > 0) & (distance > 0) & (height > low) & (height < high)
    return np.where(met, distance, MISSED)


def _to_disc(origin, direction, radius, height):
    (x, y, z), (dx, dy, dz) = origin, direction
    distance = (np.float32(height) - z) / dz
    squared = (x + distance * dx) ** 2 + (y + distance * dy) ** 2
    return np.where((distance > 0) & (squared < radius**2), distance, MISSED)


def _to_cube(origin, direction):
    origin, half = _raised(origin, CUBE_SIDE / 2), np.float32(CUBE_SIDE / 2)
    one, other = (-half - origin) / direction, (half - origin) / direction
    enter, leave = np.minimum(one, other).max(0), np.maximum(one, other).min(0)
    return np.where((enter < leave) & (enter > 0), enter, MISSED)


def _cube_normal(points):
    points = _raised(points, CUBE_SIDE / 2)
    return np.where(np.abs(points) == np.abs(points).max(0), np.sign(points), 0)


def _to_cylinder(origin, direction):
    side = _to_side(origin, direction, CYLINDER_RADIUS, 0, CYLINDER_HEIGHT)
    return np.minimum(side, _to_disc(origin, direction, CYLINDER_RADIUS, CYLINDER_HEIGHT))


def _cylinder_normal(points):
    on_top = points[2] > CYLINDER_HEIGHT - 1e-3
    side = np.stack([points[0], points[1], np.zeros_like(points[2])]) / CYLINDER_RADIUS
    return np.where(on_top, np.array([[0], [0], [1]]), side)


def _to_sphere(origin, direction):
    return _to_ball(origin, direction, SPHERE_RADIUS, SPHERE_RADIUS)


def _sphere_normal(points):
    return _raised(points, SPHERE_RADIUS) / SPHERE_RADIUS


def _to_capsule(origin, direction):
    low, high = CAPSULE_RADIUS, CAPSULE_HEIGHT - CAPSULE_RADIUS
    side = _to_side(origin, direction, CAPSULE_RADIUS, low, high)
    for height in (low, high):
        side = np.minimum(side, _to_ball(origin, direction, height, CAPSULE_RADIUS))
    return side


def _capsule_normal(points):
    nearest = np.clip(points[2], CAPSULE_RADIUS, CAPSULE_HEIGHT - CAPSULE_RADIUS)
    return np.stack([points[0], points[1], points[2] - nearest]) / CAPSULE_RADIUS


BODIES = {
    "cube": Body(_to_cube, _cube_normal),
    "cylinder": Body(_to_cylinder, _cylinder_normal),
    "sphere": Body(_to_sphere, _sphere_normal),
    "capsule": Body(_to_capsule, _capsule_normal),
}
