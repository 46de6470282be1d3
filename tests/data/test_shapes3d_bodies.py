import numpy as np
import pytest

from tfvae.data import shapes3d_bodies as bodies

# Signed distances to the surfaces (a lower bound at the corners), written independently.
INSIDE = {
    "cube": lambda x, y, z: np.max(np.abs([x, y, z - 0.8]), axis=0) - 0.8,
    "cylinder": lambda x, y, z: np.maximum(np.hypot(x, y) - 0.8, np.abs(z - 0.875) - 0.875),
    "sphere": lambda x, y, z: np.sqrt(x**2 + y**2 + (z - 1) ** 2) - 1,
    "capsule": lambda x, y, z: (
        np.sqrt(x**2 + y**2 + (z - np.clip(z, 0.62, 2.35 - 0.62)) ** 2) - 0.62
    ),
}


@pytest.fixture(scope="module")
def rays():
    """Rays from above the floor and outside of every body, most of them towards it."""
    generator = np.random.default_rng(0)
    origin = generator.normal(size=(3, 2000)) * 3
    origin[2] = abs(origin[2])
    origin = origin[:, np.sum((origin - bodies.CENTRE) ** 2, axis=0) > bodies.REACH**2]
    target = generator.normal(size=origin.shape) + bodies.CENTRE
    direction = target - origin
    direction /= np.linalg.norm(direction, axis=0)
    return origin.astype(np.float32), direction.astype(np.float32)


@pytest.mark.parametrize("name", bodies.BODIES)
def test_a_ray_ends_where_it_first_meets_the_surface(name, rays):
    origin, direction = rays
    body, signed = bodies.BODIES[name], INSIDE[name]
    distance = body.distance(origin, direction)
    met = distance < bodies.MISSED
    assert 0.1 < met.mean() < 0.9
    points = origin + distance * direction
    np.testing.assert_allclose(signed(*points[:, met]), 0, atol=1e-4)
    for fraction in np.linspace(0, 0.99, 100):  # outside on the way; for misses, for long
        way = origin + np.where(met, distance, 20) * fraction * direction
        assert (signed(*way) > -2e-3).all()
    assert bodies.passes_near(origin, direction)[met].all()


@pytest.mark.parametrize("name", bodies.BODIES)
def test_normals_are_the_gradients_of_the_signed_distance(name, rays):
    origin, direction = rays
    body, signed = bodies.BODIES[name], INSIDE[name]
    distance = body.distance(origin, direction)
    points = (origin + distance * direction)[:, distance < bodies.MISSED].astype(np.float64)
    steps = 1e-4 * np.eye(3)[..., np.newaxis]
    gradient = [signed(*(points + step)) - signed(*(points - step)) for step in steps]
    cosine = bodies.dot(np.array(gradient) / 2e-4, body.normal(points.astype(np.float32)))
    assert np.quantile(cosine, 0.02) > 0.999  # an edge has no gradient
