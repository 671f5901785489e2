"""GDAL with the few drivers that are meant here.

GDAL asks all of its drivers whether they know a file, whatever its ending. Some answer to a few
words of XML or JSON by opening what these words name: any file of this machine, any address of
the network. So a file that somebody sends in could bring other files in as its rows. Whoever
reads or writes a layer takes ``pyogrio`` from here; the drivers are gone for the whole process,
for GDAL has one list of them.
"""

import pyogrio
from pyogrio._ogr import _register_drivers

__all__ = ["KNOWN", "pyogrio"]

KNOWN = (
    "ESRI Shapefile", "FlatGeobuf", "GPKG", "GeoJSON", "KML", "LIBKML", "MapInfo File",
    "OpenFileGDB", "TopoJSON",
)  # fmt: skip
OPTIONS = {
    # The driver's own way of giving Arrow says that a row without a shape has one of -1 bytes.
    "OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES",
    # Rows of a damaged database can share their text, and so be more than the file has bytes.
    "OGR_ARROW_MEM_LIMIT": str(256 << 20),
}


def _keep(known: tuple[str, ...]) -> None:
    others = [name for name in pyogrio.list_drivers() if name not in known]
    # The option is read while drivers are registered, and pyogrio has registered them already when
    # it is imported; to register again is harmless.
    pyogrio.set_gdal_config_options({"GDAL_SKIP": ",".join(others)})
    _register_drivers()


_keep(KNOWN)
pyogrio.set_gdal_config_options(OPTIONS)
