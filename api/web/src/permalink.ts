// The address of a view: #12.40/33.6012/115.3204?finding=…&lang=en; on the map of member households
// a household or a member is chosen instead.

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
    lang: lang === "zh" || lang === "en" ? lang : null,
  };
}

export function write(link: Link): string {
  const { view } = link;
  const place = view ? `${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}` : "";
  const said = new URLSearchParams();
  if (link.finding) said.set("finding", link.finding);
  if (link.grid) said.set("grid", link.grid);
  if (link.home) said.set("home", link.home);
  if (link.member) said.set("member", link.member);
  if (link.lang === "en") said.set("lang", "en");
  const query = said.toString();
  return `#${place}${query ? `?${query}` : ""}`;
}
