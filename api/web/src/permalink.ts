// The address of a view: #12.40/33.6012/115.3204?finding=…&lang=en; on the map of member households
// a household or a member is chosen instead; at=115.32040,33.60120 is a place whose chain is shown.

export interface View {
  zoom: number;
  lat: number;
  lon: number;
}
export interface Link {
  view: View | null;
  finding: string | null;
  grid: string | null;
  home: string | null;
  member: string | null;
  /** Longitude and latitude of the place that was clicked. */
  at: [number, number] | null;
  lang: "zh" | "en" | null;
}

export function read(hash: string): Link {
  const [place = "", query = ""] = hash.replace(/^#/, "").split("?");
  const numbers = place.split("/").map(Number);
  const [zoom, lat, lon] = numbers;
  const whole = numbers.length === 3 && numbers.every(Number.isFinite);
  const said = new URLSearchParams(query);
  const lang = said.get("lang");
  return {
    view: whole ? { zoom: zoom!, lat: lat!, lon: lon! } : null,
    finding: said.get("finding"),
    grid: said.get("grid"),
    home: said.get("home"),
    member: said.get("member"),
    at: readAt(said.get("at")),
    lang: lang === "zh" || lang === "en" ? lang : null,
  };
}

function readAt(text: string | null): [number, number] | null {
  const numbers = (text ?? "").split(",").map((part) => (part.trim() ? Number(part) : NaN));
  const [lon, lat] = numbers;
  return numbers.length === 2 && Math.abs(lon!) <= 180 && Math.abs(lat!) <= 90 ? [lon!, lat!] : null;
}

export function write(link: Link): string {
  const { view } = link;
  const place = view ? `${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}` : "";
  const said = new URLSearchParams();
  if (link.finding) said.set("finding", link.finding);
  if (link.grid) said.set("grid", link.grid);
  if (link.home) said.set("home", link.home);
  if (link.member) said.set("member", link.member);
  if (link.at) said.set("at", link.at.map((part) => part.toFixed(6)).join(","));
  if (link.lang === "en") said.set("lang", "en");
  // A comma may stand in an address as it is.
  const query = said.toString().replaceAll("%2C", ",");
  return `#${place}${query ? `?${query}` : ""}`;
}
