import numpy as np
import pytest

from tests.data.reader_checks import assert_reader
from tests.data.test_dataset import Numbers
from tfvae.data import FixedFactors, GroundTruthDataset


class Grid(GroundTruthDataset):
    """Image i is the number i; factors 0 ... of digits."""

    factor_names = ("hundreds", "tens", "ones")
    factor_sizes = (3, 4, 5)
    num_examples = 60
    image_shape = (1, 1, 1)
    gather = Numbers.gather


@pytest.mark.parametrize(
    ("fixed", "free"),
    [
        ({"tens": 2}, ("hundreds", "ones")),
        ({"hundreds": 1}, ("tens", "ones")),
        ({"ones": 4, "hundreds": 2}, ("tens",)),
        ({}, ("hundreds", "tens", "ones")),
    ],
)
def test_images_are_those_of_the_whole_data_with_these_values(fixed, free):
    whole = Grid()
    data = FixedFactors(whole, fixed)
    assert data.factor_names == free
    factors = whole.factors(range(60))
    for name, value in fixed.items():
        factors = factors[factors[:, whole.factor_names.index(name)] == value]
    expected = whole.images(factors)
    assert_reader(data, expected)
    left = factors[:, [whole.factor_names.index(name) for name in free]]
    np.testing.assert_array_equal(data.images(left), expected)


def test_errors():
    with pytest.raises(ValueError, match="no factor 'units'; the factors are hundreds, tens, ones"):
        FixedFactors(Grid(), {"units": 1})
    with pytest.raises(ValueError, match="factor tens has value -1; it must be from 0 to 3"):
        FixedFactors(Grid(), {"tens": -1})
    with pytest.raises(ValueError, match=r"all factors are fixed \(hundreds, tens, ones\)"):
        FixedFactors(Grid(), {"hundreds": 0, "tens": 0, "ones": 0})
