// A symbol of the map, beside words: the same paths, as SVG.

import { signal } from "@preact/signals";
import { ask, type SymbolImage } from "./api";

const images = signal<Map<string, SymbolImage>>(new Map());
let asked = false;

/** The symbols of the maps by their names; asked for when one is first shown. */
export function symbols(): Map<string, SymbolImage> {
  if (!asked) {
    asked = true;
    void ask<{ metadata?: { "wangge:images"?: SymbolImage[] } }>("/styles/members.json").then(
      (style) => (images.value = new Map((style.metadata?.["wangge:images"] ?? []).map((image) => [image.id, image]))),
      () => (asked = false),
    );
  }
  return images.value;
}

/** Draw a symbol; its place is kept while it has not come yet. */
export function Symbol({ id, size = 18, label }: { id: string; size?: number; label?: string }) {
  const image = symbols().get(id);
  return (
    <svg
      class="symbol"
      viewBox={`0 0 ${image?.size ?? 20} ${image?.size ?? 20}`}
      width={size}
      height={size}
      stroke-linejoin="round"
      stroke-linecap="round"
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" })}
    >
      {image?.paths.map((path) => <path d={path.d} stroke={path.stroke ?? "none"} stroke-width={path.width} fill={path.fill ?? "none"} />)}
    </svg>
  );
}
