"""Surfaces against a sum over every point and cell, their mass, and what must never change them."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.density import Frame, Surface, frame_of, kernel_surface, ratio, stacked_points
from geo.errors import BandwidthError, CoordinateError, EmptyLayerError

CRS = pyproj.CRS(4547)
SQUARE = shapely.box(0, 0, 8000, 6000)
# A dent, a hole and a part of its own: nothing about it is a box.
COUNTY = shapely.union_all(
    [
        shapely.Polygon(
            [(0, 0), (9000, 500), (8000, 7000), (4000, 3000), (500, 8000)],
            [[(2000, 1500), (3000, 1500), (3000, 2500), (2000, 2500)]],
        ),
        shapely.box(9500, 6000, 9900, 6400),
    ]
)


def centres(frame: Frame) -> np.ndarray:
    row, column = np.nonzero(frame.inside)
    origin = (frame.left, frame.bottom)
    return origin + (np.column_stack([column, row]) + 0.5) * frame.cell_m


def kernel(targets: np.ndarray, at: np.ndarray, h: float) -> np.ndarray:
    """The Gaussian of one point at each target, per m²; nothing is cut off."""
    return np.exp(-((targets - at) ** 2).sum(axis=1) / (2 * h * h)) / (2 * np.pi * h * h)


def summed(frame: Frame, xy: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The definition itself: every kernel, divided by its share inside, at every target."""
    cells, total = centres(frame), np.zeros(len(targets))
    for at in xy:
        share = kernel(cells, at, frame.bandwidth_m).sum() * frame.cell_m**2
        total += kernel(targets, at, frame.bandwidth_m) / share
    return total * 1e6


def mass(surface: Surface) -> float:
    frame = surface.frame
    return float(surface.values[frame.inside].sum() * frame.cell_m**2 / 1e6)


def scattered(frame: Frame, n: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    left, bottom, right, top = frame.area.bounds
    xy = rng.uniform((left, bottom), (right, top), (4 * n, 2))
    return xy[shapely.contains_xy(frame.area, xy)][:n]


# -- the definition -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bandwidth", "most_cells"), [(300, 90_000), (500, 4_000_000), (1500, 1e6)]
)
def test_a_surface_is_the_sum_over_every_point(bandwidth: float, most_cells: float) -> None:
    frame = frame_of(COUNTY, CRS, bandwidth, most_cells=int(most_cells))
    xy = scattered(frame, 50)
    surface = kernel_surface(xy, frame)
    expected = summed(frame, xy, centres(frame))
    found = surface.values[frame.inside]
    assert surface.is_exact
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12 * expected.max())


def test_four_cells_a_bandwidth_are_enough() -> None:
    frame = frame_of(SQUARE, CRS, 400, most_cells=5_000)
    assert 4 <= frame.bandwidth_m / frame.cell_m < 4.5
    xy = scattered(frame, 60)
    expected = summed(frame, xy, centres(frame))
    found = kernel_surface(xy, frame).values[frame.inside]
    assert np.abs(found - expected).max() < 5e-7 * expected.max()


def test_values_between_the_cells_are_the_sum_too() -> None:
    frame = frame_of(COUNTY, CRS, 500)
    xy, places = scattered(frame, 40), scattered(frame, 300, seed=2)
    expected = summed(frame, xy, places)
    found = kernel_surface(xy, frame).at(places)
    assert np.abs(found - expected).max() < 1e-5 * expected.max()
    assert np.isnan(kernel_surface(xy, frame).at(np.array([[1e6, 1e6]]))).all()


def test_one_point_far_from_the_border_is_a_gaussian() -> None:
    surface = kernel_surface(np.array([[4000.0, 3000.0]]), frame_of(SQUARE, CRS, 300))
    top = 1e6 / (2 * np.pi * 300**2)
    places = np.array([[4000.0, 3000.0], [4300.0, 3000.0], [4000.0, 2400.0]])
    expected = top * np.exp([0.0, -0.5, -2.0])
    np.testing.assert_allclose(surface.at(places), expected, rtol=1e-4)


def test_on_a_straight_border_a_kernel_is_doubled_and_in_a_corner_fourfold() -> None:
    frame = frame_of(SQUARE, CRS, 300)

    def height(x: float, y: float) -> float:
        place = np.array([[x, y]])
        return float(kernel_surface(place, frame).at(place)[0] * frame.kernel_m2 / 1e6)

    assert height(4000, 3000) == pytest.approx(1, rel=1e-4)
    assert height(0, 3000) == pytest.approx(2, rel=1e-3)
    assert height(0, 0) == pytest.approx(4, rel=1e-3)


def test_an_even_scatter_falls_to_ln_2_at_a_border_and_its_square_in_a_corner() -> None:
    # The price of keeping the mass: the integral of K(t) / e(t) from a straight border inwards
    # is ln 2, not 1. Without any correction it would be a half, and a quarter in the corner.
    frame = frame_of(SQUARE, CRS, 500)
    x, y = np.meshgrid(np.arange(25, 8000, 50.0), np.arange(25, 6000, 50.0))
    surface = kernel_surface(np.column_stack([x.ravel(), y.ravel()]), frame)
    places = np.array([[4000.0, 3000.0], [4000.0, 0.0], [8000.0, 3000.0], [0.0, 6000.0]])
    expected = 400 * np.array([1, np.log(2), np.log(2), np.log(2) ** 2])
    np.testing.assert_allclose(surface.at(places), expected, rtol=2e-3)


# -- mass ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact_points", [0, 400_000])
@pytest.mark.parametrize("bandwidth", [150, 700, 9000])
def test_the_mass_is_the_number_of_incidents(bandwidth: float, exact_points: int) -> None:
    frame = frame_of(COUNTY, CRS, bandwidth)
    xy = scattered(frame, 800)
    surface = kernel_surface(xy, frame, exact_points=exact_points)
    assert surface.n == len(xy)
    assert mass(surface) == pytest.approx(len(xy), rel=1e-9)


def test_what_is_outside_is_left_out_and_counted() -> None:
    frame = frame_of(COUNTY, CRS, 500)
    outside = np.array([[4000.0, 5500.0], [2500.0, 2000.0], [-1e7, 0.0], [9200.0, 6100.0]])
    border = np.array([[2000.0, 2000.0], [0.0, 0.0]])
    surface = kernel_surface(np.vstack([outside, border]), frame)
    assert (surface.n, surface.left_out) == (2, 4)
    assert mass(surface) == pytest.approx(2, rel=1e-9)


def test_a_part_smaller_than_a_cell_keeps_its_incident() -> None:
    speck = shapely.box(20_000, 20_000, 20_010, 20_010)
    frame = frame_of(shapely.union_all([SQUARE, speck]), CRS, 800)
    assert frame.cell_m > 70
    surface = kernel_surface(np.array([[20_005.0, 20_005.0]]), frame)
    assert mass(surface) == pytest.approx(1, rel=1e-9)
    assert surface.at(np.array([[4000.0, 3000.0]]))[0] < 1e-9


@pytest.mark.parametrize("bandwidth", [150, 600])
def test_cells_are_inside_where_their_centre_is(bandwidth: float) -> None:
    frame = frame_of(COUNTY, CRS, bandwidth)
    row, column = np.indices(frame.shape)
    xy = (frame.left, frame.bottom) + (np.dstack([column, row]) + 0.5) * frame.cell_m
    assert np.array_equal(frame.inside, shapely.contains_xy(COUNTY, xy[..., 0], xy[..., 1]))


def test_points_are_inside_as_the_polygon_says() -> None:
    xy = np.random.default_rng(3).uniform(-500, 10_000, (50_000, 2))
    held = frame_of(COUNTY, CRS, 700).holds(xy)
    assert np.array_equal(held, shapely.contains_xy(COUNTY, xy))


# -- many points --------------------------------------------------------------------------------


def test_counting_at_the_middle_of_cells_averages_out() -> None:
    frame = frame_of(SQUARE, CRS, 400)
    rng = np.random.default_rng(5)
    crowd = rng.normal((4000, 3000), 700, (60_000, 2))
    xy = np.vstack([crowd, rng.uniform((0, 0), (8000, 6000), (40_000, 2))])
    true, binned = kernel_surface(xy, frame), kernel_surface(xy, frame, exact_points=0)
    assert true.is_exact
    assert not binned.is_exact
    off = np.abs(binned.values / true.values - 1)[frame.inside]
    assert off.max() < 0.01
    # Without the narrower kernel the peak would be lower by c²/12h² to either axis.
    assert float(off.mean()) < 1e-3


def test_a_hundred_thousand_at_one_point_are_one_of_that_weight() -> None:
    frame = frame_of(SQUARE, CRS, 500)
    at = np.array([[3210.0, 1234.0]])
    stacked = kernel_surface(np.repeat(at, 100_000, axis=0), frame)
    weighed = kernel_surface(at, frame, weights=np.array([100_000.0]))
    np.testing.assert_allclose(stacked.values, weighed.values, rtol=1e-9)
    assert mass(stacked) == pytest.approx(100_000, rel=1e-9)


def test_no_incident_is_a_surface_of_nothing() -> None:
    frame = frame_of(SQUARE, CRS, 500)
    surface = kernel_surface(np.empty((0, 2)), frame)
    assert surface.n == 0
    assert not surface.values.any()
    assert surface.at(np.array([[4000.0, 3000.0]])).tolist() == [0.0]


# -- what must never change a surface -----------------------------------------------------------

SMALL = frame_of(shapely.Polygon([(0, 0), (4000, 0), (4000, 3000), (1037, 2611)]), CRS, 400,
                 most_cells=4_000)  # fmt: skip
points = arrays(
    float, st.tuples(st.integers(0, 25), st.just(2)), elements=st.floats(-200, 4200, width=32)
)


def close(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@given(xy=points)
@settings(deadline=None, max_examples=50)
def test_nothing_is_negative_and_nothing_is_lost(xy: np.ndarray) -> None:
    surface = kernel_surface(xy, SMALL)
    assert (surface.values >= 0).all()
    assert surface.n + surface.left_out == len(xy)
    assert mass(surface) == pytest.approx(surface.n, abs=1e-6)


@given(xy=points, other=points)
@settings(deadline=None, max_examples=50)
def test_surfaces_add_up(xy: np.ndarray, other: np.ndarray) -> None:
    both = kernel_surface(np.vstack([xy, other]), SMALL)
    close(both.values, kernel_surface(xy, SMALL).values + kernel_surface(other, SMALL).values)


@given(xy=points, seed=st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_order_does_not_matter(xy: np.ndarray, seed: int) -> None:
    mixed = np.random.default_rng(seed).permutation(xy)
    close(kernel_surface(mixed, SMALL).values, kernel_surface(xy, SMALL).values)


@given(xy=points, copies=st.integers(1, 7))
@settings(deadline=None, max_examples=30)
def test_copies_are_a_weight(xy: np.ndarray, copies: int) -> None:
    repeated = kernel_surface(np.repeat(xy, copies, axis=0), SMALL)
    weighed = kernel_surface(xy, SMALL, weights=np.full(len(xy), float(copies)))
    close(repeated.values, weighed.values)
    assert repeated.n == weighed.n


@given(xy=points, east=st.integers(-500_000, 500_000), north=st.integers(-500_000, 4_000_000))
@settings(deadline=None, max_examples=30)
def test_a_county_elsewhere_has_the_same_surface(xy: np.ndarray, east: int, north: int) -> None:
    away = np.array([east, north])
    area = shapely.transform(SMALL.area, lambda vertices: vertices + away)
    moved = frame_of(area, CRS, 400, most_cells=4_000)
    # A point on the border may fall to either side of it once it is rounded elsewhere.
    xy = xy[shapely.distance(SMALL.area.boundary, shapely.points(xy)) > 1e-3]
    there = kernel_surface(xy + away, moved)
    here = kernel_surface(xy, SMALL)
    np.testing.assert_allclose(there.values, here.values, rtol=1e-6, atol=1e-9)


# -- rates --------------------------------------------------------------------------------------


def test_a_rate_is_events_by_households_where_there_are_enough() -> None:
    frame = frame_of(SQUARE, CRS, 400)
    rng = np.random.default_rng(8)
    homes = rng.uniform((0, 0), (4000, 6000), (3000, 2))
    households, events = kernel_surface(homes, frame), kernel_surface(homes[::10], frame)
    rate = ratio(events, households)
    inhabited = np.array([[1500.0, 3000.0]])
    expected = events.at(inhabited) / households.at(inhabited) * 1000
    assert rate.unit == "households"
    assert rate.n == 300
    np.testing.assert_allclose(rate.at(inhabited), expected, rtol=1e-12)
    # Nobody lives in the east: no rate is said there, not a rate of nothing.
    assert np.isnan(rate.at(np.array([[7000.0, 3000.0]]))).all()
    assert np.isnan(rate.values[frame.inside]).any()
    even = ratio(households, households)
    said = ~np.isnan(even.values)
    assert np.allclose(even.values[said], 1000)


def test_a_rate_begins_where_ten_households_lie_under_the_kernel() -> None:
    frame = frame_of(SQUARE, CRS, 400)
    place = np.array([[4000.0, 3000.0]])
    event = kernel_surface(place, frame)
    few, enough = (kernel_surface(np.repeat(place, n, axis=0), frame) for n in (9, 11))
    assert np.isnan(ratio(event, few).at(place)).all()
    assert ratio(event, enough).at(place)[0] == pytest.approx(1000 / 11, rel=1e-6)


def test_a_land_without_households_has_no_rate_anywhere() -> None:
    frame = frame_of(SQUARE, CRS, 400)
    nobody = kernel_surface(np.empty((0, 2)), frame)
    assert np.isnan(ratio(kernel_surface(np.array([[1.0, 1.0]]), frame), nobody).values).all()


def test_a_ratio_of_two_frames_is_refused() -> None:
    one, other = (kernel_surface(np.empty((0, 2)), frame_of(SQUARE, CRS, h)) for h in (400, 500))
    with pytest.raises(ValueError, match="one frame"):
        ratio(one, other)


# -- stacked coordinates ------------------------------------------------------------------------


def test_shared_coordinates_come_with_their_number() -> None:
    xy = np.array([[5.0, 5], [1, 1], [5, 5], [2, 2], [1, 1], [5, 5], [1, 2]])
    found, counts = stacked_points(xy, 2)
    assert found.tolist() == [[5, 5], [1, 1]]
    assert counts.tolist() == [3, 2]
    assert stacked_points(np.empty((0, 2)), 2)[0].shape == (0, 2)


# -- what cannot be drawn -----------------------------------------------------------------------


@pytest.mark.parametrize("bandwidth", [0, -5, np.nan, np.inf])
def test_a_bandwidth_is_a_positive_number(bandwidth: float) -> None:
    with pytest.raises(BandwidthError, match="positive"):
        frame_of(SQUARE, CRS, bandwidth)


def test_a_bandwidth_under_a_cell_says_which_would_do() -> None:
    wide = shapely.box(0, 0, 60_000, 40_000)
    with pytest.raises(BandwidthError, match="98 m or more") as caught:
        frame_of(wide, CRS, 5)
    assert caught.value.where == {"bandwidth_m": 5, "least_m": 98}
    assert "98 米" in caught.value.words_zh
    assert frame_of(wide, CRS, 98).inside.size < 4_200_000


def test_a_bandwidth_beyond_the_area_says_which_would_do() -> None:
    with pytest.raises(BandwidthError, match="8000 m or less") as caught:
        frame_of(SQUARE, CRS, 8001)
    assert caught.value.where == {"bandwidth_m": 8001, "most_m": 8000}
    assert "8000 米" in caught.value.words_zh
    assert frame_of(SQUARE, CRS, 8000).inside.any()


def test_an_empty_area_and_a_place_without_numbers_are_refused() -> None:
    with pytest.raises(EmptyLayerError):
        frame_of(shapely.Polygon(), CRS, 500)
    with pytest.raises(CoordinateError) as caught:
        kernel_surface(np.array([[1.0, 1], [np.nan, 1]]), frame_of(SQUARE, CRS, 500))
    assert caught.value.where["row"] == 2
