// The page's words for times and states, in its language, handed over by the server.
const spoken = JSON.parse(document.documentElement.dataset.spoken || "{}") as Record<string, string>;

export function say(text: string, values: Record<string, string> = {}): string {
  return (spoken[text] ?? text).replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** A number with the separators of the page's language. */
export const numeral = (value: number): string => value.toLocaleString(document.documentElement.lang);

const UNITS: [number, string][] = [[86400, "{n} d"], [3600, "{n} h"], [60, "{n} min"], [1, "{n} s"]];

export function relative(at: number, now: number): string {
  const span = Math.floor(Math.abs(now - at));
  const [length, unit] = UNITS.find(([seconds]) => span >= seconds) ?? [1, "{n} s"];
  const n = say(unit, { n: numeral(Math.floor(span / length)) });
  return say(at <= now ? "{n} ago" : "in {n}", { n });
}

/** When the words of `relative` change next; the page's clock may be set, so look once a minute at least. */
export function nextChange(at: number, now: number): number {
  const span = Math.abs(now - at);
  const [length] = UNITS.find(([seconds]) => span >= seconds) ?? [1];
  const rest = at <= now ? length - (span % length) : (span % length) + 0.001;
  return now + Math.min(rest, 60);
}

export function absolute(at: number): string {
  return Number.isFinite(at) ? new Date(at * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC" : "–";
}
