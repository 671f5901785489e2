// Symbols travel as data (SVG paths on a square); here they are drawn, for the map and the legend.

import type { SymbolImage } from "./api";

/** Draw a symbol for the map, at the screen's own resolution. */
export function draw(image: SymbolImage, ratio: number): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.round(image.size * ratio);
  const pen = canvas.getContext("2d")!;
  pen.scale(canvas.width / image.size, canvas.height / image.size);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  for (const path of image.paths) {
    const shape = new Path2D(path.d);
    if (path.fill) {
      pen.fillStyle = path.fill;
      pen.fill(shape);
    }
    if (path.stroke) {
      pen.strokeStyle = path.stroke;
      pen.lineWidth = path.width;
      pen.stroke(shape);
    }
  }
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
