"""What an import would do, as shapes light enough to be shown: new, changed, closed."""

import json
from typing import Any

import numpy as np
import shapely

from api.imports.staging import Staging

# Of each state; a picture of more is a blot.
MOST = 4_000
DEGREES = 5e-5
DECIMALS = 5


def outline(staging: Staging) -> dict[str, Any]:
    """Return GeoJSON, EPSG:4326: one feature a row, ``state`` and ``code``, thinned for the screen.

    A row without a place is not in it. What is drawn may have gaps that the data have not: each
    shape is thinned by itself.
    """
    rows = staging.changes(MOST)
    shapes = shapely.from_wkb(np.array([row[2] for row in rows], dtype=object))
    thin = shapely.simplify(shapes, DEGREES)
    texts = shapely.to_geojson(shapely.transform(thin, lambda xy: np.round(xy, DECIMALS)))
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(text),
            "properties": {"state": state, "code": code},
        }
        for (state, code, _), text in zip(rows, texts, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}
