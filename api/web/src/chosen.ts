// What is chosen on the map of the coverage: as an address keeps it, and the shape that either map draws.

import type { Link } from "./permalink";
import { finding, grid, here, openFinding, openGrid, openPlace } from "./state";

/** What the address keeps of the open card. */
export function keptCard(): Partial<Link> {
  const place = finding.peek() ? null : here.peek();
  return { finding: finding.peek()?.id ?? null, grid: grid.peek()?.code ?? null, at: place && [place.lon, place.lat] };
}

/** Open the card that an address keeps. */
export function openKept(link: Link): void {
  if (link.finding) void openFinding(link.finding);
  else if (link.grid) void openGrid(link.grid);
  else if (link.at) void openPlace(link.at);
}

/** The finding that is open, or the spot of the place that was clicked. */
export function chosenShape(): GeoJSON.Feature | null {
  const place = here.value && { type: "Point" as const, coordinates: [here.value.lon, here.value.lat] };
  const geometry = finding.value?.geometry ?? place;
  return geometry && { type: "Feature", geometry, properties: {} };
}
