"""The heat map: a surface of a million incidents, a picture of it, and a warm tile over ASGI.

Both sides of each comparison begin with their input ready: points in metres, the county's cells
(made once a coverage version), datashader's frame and its compiled loops.
"""

import asyncio
import io
import time
from pathlib import Path
from statistics import median

import datashader as ds
import datashader.transfer_functions as tf
import httpx
import numpy as np
import pandas as pd
import pyproj
import shapely
import xarray
from fastapi import FastAPI, Response
from fastapi.routing import APIRoute
from PIL import Image
from rich.console import Console
from rich.table import Table
from scipy import ndimage
from sqlalchemy.exc import SQLAlchemyError

from api.access import EveryoneInArea
from api.app import create_app
from api.commands.demo import is_checked, sign_in_file
from api.db import database_url, engine, is_at_head
from api.postgis import DatabaseUnreachableError
from geo.density import Frame, frame_of, kernel_surface
from layers.heat import heat_scale, heat_tile, web_area
from layers.style import HEAT_STEPS, PALETTE
from layers.tiles import Tile
from tests.bench.pairs import Pair, Work, compare, show

CRS = pyproj.CRS(4547)
# A county of the sample's size, with 2,000 settlements that incidents gather in.
WEST, SOUTH, EAST, NORTH = 594_000.0, 3_696_000.0, 652_000.0, 3_733_000.0
INCIDENTS, SETTLEMENTS, SPREAD_M = 1_000_000, 2_000, 600.0
BANDWIDTH_M = 500.0
SURFACES, TILES, ZOOM = 10, 12, 12
REQUESTS = 400
PATH = "/tiles/heat/12/3359/1641.png"


def _county() -> tuple[Frame, np.ndarray]:
    """Cells whose border winds as a county's does, and a million places within."""
    rng = np.random.default_rng(1)
    turn = np.linspace(0, 2 * np.pi, 9_000, endpoint=False)
    reach = 0.46 + sum(rng.normal(0, 0.02) * np.cos(k * turn + rng.uniform(0, 6)) / np.sqrt(k)
                       for k in range(2, 60))  # fmt: skip
    ring = np.column_stack([
        (WEST + EAST) / 2 + reach * np.cos(turn) * (EAST - WEST),
        (SOUTH + NORTH) / 2 + reach * np.sin(turn) * (NORTH - SOUTH),
    ])  # fmt: skip
    area = shapely.Polygon(ring).buffer(0)
    middles = shapely.get_coordinates(area.buffer(-3_000).envelope)[[0, 2]]
    middle = rng.uniform(*middles, (SETTLEMENTS, 2))
    xy = middle[rng.integers(0, SETTLEMENTS, INCIDENTS)] + rng.normal(0, SPREAD_M, (INCIDENTS, 2))
    frame = frame_of(area, CRS, BANDWIDTH_M)
    return frame, np.clip(xy, (frame.left, frame.bottom), np.add((frame.left, frame.bottom), (
        frame.shape[1] * frame.cell_m - 1, frame.shape[0] * frame.cell_m - 1)))  # fmt: skip


# -- a surface ----------------------------------------------------------------------------------


def surface() -> Work:
    frame, xy = _county()
    kernel_surface(xy[:1000], frame, exact_points=0)  # the frame's own, made once

    def work() -> None:
        for _ in range(SURFACES):
            found = kernel_surface(xy, frame)
        assert abs(found.n + found.left_out - INCIDENTS) < 1

    return work


def binned_and_blurred() -> Work:
    frame, xy = _county()
    rows, columns = frame.shape

    def work() -> None:
        for _ in range(SURFACES):
            column = ((xy[:, 0] - frame.left) / frame.cell_m).astype(np.intp)
            row = ((xy[:, 1] - frame.bottom) / frame.cell_m).astype(np.intp)
            counts = np.bincount(row * columns + column, minlength=rows * columns)
            lattice = counts.reshape(rows, columns).astype(float)
            ndimage.gaussian_filter(lattice, BANDWIDTH_M / frame.cell_m, mode="constant")

    return work


# -- a picture ----------------------------------------------------------------------------------


def _tiles(clip: shapely.Geometry) -> list[Tile]:
    """A block of tiles in the middle of the county."""
    side = 2 * np.pi * 6378137.0 / 2**ZOOM
    middle = clip.centroid
    x, y = int(middle.x // side + 2 ** (ZOOM - 1)), int(2 ** (ZOOM - 1) - middle.y // side - 1)
    return [Tile(ZOOM, x + i, y + j) for i in range(-2, 2) for j in range(-1, 2)][:TILES]


def picture() -> Work:
    frame, xy = _county()
    found = kernel_surface(xy, frame)
    scale, clip = heat_scale(found), web_area(found)
    tiles = _tiles(clip)
    heat_tile(found, tiles[0], scale, clip)

    def work() -> None:
        for tile in tiles:
            heat_tile(found, tile, scale, clip)

    return work


def shaded() -> Work:
    """Datashader's way to the same: count into pixels, blur by the same kernel, shade, PNG."""
    frame, xy = _county()
    web = pyproj.Transformer.from_crs(CRS, 3857, always_xy=True)
    x, y = web.transform(xy[:, 0], xy[:, 1])
    points = pd.DataFrame({"x": x, "y": y})
    clip = web_area(kernel_surface(xy[:1000], frame))
    tiles = _tiles(clip)
    ramp = [PALETTE[f"heat-{step}"] for step in range(1, HEAT_STEPS + 1)]
    shrink = np.cos(np.radians(33.5))

    def draw(tile: Tile) -> bytes:
        left, bottom, right, top = tile.window(0).bounds
        pixel = (right - left) / 256
        sigma = BANDWIDTH_M / shrink / pixel
        # The kernels of what lies beside the tile reach into it.
        margin = int(np.ceil(4 * sigma))
        far, side = margin * pixel, 256 + 2 * margin
        canvas = ds.Canvas(side, side, (left - far, right + far), (bottom - far, top + far))
        counts = canvas.points(points, "x", "y", ds.count()).to_numpy().astype(float)
        heat = ndimage.gaussian_filter(counts, sigma)[margin:-margin, margin:-margin]
        shown = xarray.DataArray(heat, dims=("y", "x"))
        image = tf.shade(shown, cmap=ramp, how="linear", span=(0, 5))
        sink = io.BytesIO()
        Image.fromarray(np.asarray(image.to_pil())).save(sink, "PNG")
        return sink.getvalue()

    draw(tiles[0])

    def work() -> None:
        for tile in tiles:
            draw(tile)

    return work


PAIRS = (
    Pair(
        "heat, surface",
        f"{INCIDENTS:,} incidents to a density, {SURFACES} times",
        ("kernel_surface: who is inside, edge correction, mass kept, per km²", surface),
        ("np.bincount + gaussian_filter, and nothing else", binned_and_blurred),
        aim=1.5,
    ),
    Pair(
        "heat, picture",
        f"{TILES} tiles of it at zoom {ZOOM}, each cold",
        ("heat_tile from the surface: exact classes, smooth edges, clipped, PNG", picture),
        ("datashader: count, blur, shade, PNG", shaded),
        aim=0.5,
    ),
)


# -- a warm tile --------------------------------------------------------------------------------


async def _get(app: FastAPI, path: str, cookie: str) -> tuple[int, bytes]:
    """Ask an application as a server does, without one."""
    sent: list[dict[str, object]] = []
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http",
             "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
             "headers": [(b"host", b"x"), (b"cookie", cookie.encode())],
             "client": ("127.0.0.1", 1), "server": ("x", 80)}  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(bytes(message.get("body", b"")) for message in sent)  # type: ignore[arg-type]
    return int(sent[0]["status"]), body  # type: ignore[call-overload]


async def _timed(app: FastAPI, paths: dict[str, str], cookie: str) -> dict[str, float]:
    """Ask by turns; the median of each, in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(REQUESTS):
        for name, path in paths.items():
            start = time.perf_counter()
            status, _ = await _get(app, path, cookie)
            times[name].append(time.perf_counter() - start)
            assert status == 200
    return {name: 1000 * median(each[REQUESTS // 10 :]) for name, each in times.items()}


def warm_tile(app: FastAPI, cookie: str) -> dict[str, float]:
    """Compare a tile that is kept with a constant answer of its size, through all of the app."""
    status, tile = asyncio.run(_get(app, PATH, cookie))
    assert status == 200, status

    async def constant() -> Response:
        return Response(tile, media_type="image/png")

    def signed(reader: EveryoneInArea) -> Response:
        return Response(tile, media_type="image/png", headers={"X-Reader": reader.role})

    app.router.routes[:0] = [APIRoute("/constant", constant), APIRoute("/signed", signed)]
    paths = {"tile": PATH, "constant": "/constant", "signed": "/signed"}
    return {**asyncio.run(_timed(app, paths, cookie)), "bytes": len(tile)}


def _sign_in(app: FastAPI, file: Path) -> str:
    """Sign in as the sample's planner, whose password `make demo` has kept."""
    rows = [line.split() for line in file.read_text().splitlines()[1:]]
    password = next(row[1] for row in rows if row[0] == "planner")

    async def post() -> str:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            body = {"username": "planner", "password": password}
            answer = await client.post("/api/session", json=body)
            return f"wangge_session={answer.raise_for_status().cookies['wangge_session']}"

    return asyncio.run(post())


def _warm(console: Console) -> list[dict[str, object]]:
    try:
        url = database_url(sample=True)
        with engine(url).connect() as connection:
            ready = is_at_head(connection) and is_checked(engine(url))
    except (DatabaseUnreachableError, SQLAlchemyError):
        ready = False
    if not ready:
        console.print("heat: run `make demo ARGS=--no-serve` first; there is no sample to show.")
        return []
    app = create_app(url=url)
    found = warm_tile(app, _sign_in(app, sign_in_file(engine(url))))
    ratio = found["tile"] / found["constant"]
    table = Table(title=f"heat, warm tile of {found['bytes']:,.0f} bytes over ASGI, median ms",
                  title_justify="left")  # fmt: skip
    for name, words in (("tile", "kept tile: who asks, what has changed, tag"),
                        ("signed", "constant answer of that size, but who asks is looked up"),
                        ("constant", "constant answer of that size, to anybody")):  # fmt: skip
        table.add_row(words, f"{found[name]:.2f}")
    console.print(table)
    behind = found["tile"] / found["signed"]
    console.print(
        f"  ratio {ratio:.3f}, {behind:.3f} to who is signed in, no aim, {REQUESTS} by turns\n"
    )
    return [{"name": "heat, warm tile", **found, "ratio": ratio, "ratio_signed": behind,
             "aim": None}]  # fmt: skip


def measure(console: Console) -> list[dict[str, object]]:
    """Run the three comparisons."""
    results: list[dict[str, object]] = []
    for pair in PAIRS:
        results.append(compare(pair))
        show(pair, results[-1], console)
    return results + _warm(console)
