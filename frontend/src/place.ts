// Where in a list somebody was, so that "up" leads back there, to the same row. Kept for this tab.
import { base } from "./base.js";
import { go, rowOf } from "./rows.js";

interface Place {
  at: string;
  row: string;
  // It was left for a job, and "up" was pressed there.
  back: boolean;
}

const KEY = "place";
const here = () => location.pathname + location.search;
const onJob = () => /^\/[^/]+\/jobs\//.test(location.pathname.slice(base.length));

function read(): Place | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Place | null;
  } catch {
    return null;
  }
}

function keep(place: Place): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(place));
  } catch {
    // Storage is forbidden: "up" leads to the list, not to the row.
  }
}

// In this order: the place of a job, the unfiltered list, the overview, the servers.
const ABOVE = ["main a[rel=up]", ".side nav a[aria-current]", ".side nav a", "a.brand"];

/** Return where "up" leads, or null at the top. */
export function up(): string | null {
  const place = read();
  const server = document.documentElement.dataset.server ?? "";
  if (onJob() && place && (place.at + "/").startsWith(`${base}/${server}/`)) {
    keep({ ...place, back: true });
    return place.at;
  }
  // An operation leads back by itself; to the row, too, where that is the place.
  const back = document.querySelector<HTMLAnchorElement>("main a[rel=up]");
  if (place && back && back.pathname + back.search === place.at) keep({ ...place, back: true });
  const links = ABOVE.map((selector) => document.querySelector<HTMLAnchorElement>(selector));
  return links.find((link) => link && link.pathname + link.search !== here())?.href ?? null;
}

/** Remember the place when it is left, and take it up again after "up". */
export function rememberPlace(): void {
  const place = read();
  if (place?.back && place.at === here()) {
    keep({ ...place, back: false });
    const row = document.getElementById(place.row);
    if (row) go(row);
  }
  // The row that had the focus last: who acts on it leaves by a button.
  let row = "";
  document.addEventListener("focusin", (event) => {
    row = (event.target instanceof Element ? rowOf(event.target)?.id : "") || row;
  });
  window.addEventListener("pagehide", () => {
    if (!onJob() && document.documentElement.dataset.live === "yes") keep({ at: here(), row, back: false });
  });
}
