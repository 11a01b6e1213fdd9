// The rows that a person walks through, each by its main link.
const ROWS = "tbody > tr, .attention li, .failures > li";

/** All rows of a part of the page, shown or not. */
export function rowsOf(root: ParentNode): Element[] {
  return [...root.querySelectorAll(ROWS)];
}

export function rowOf(node: Element | null): Element | null {
  return node?.closest("main") ? node.closest(ROWS) : null;
}

const HOVERS = matchMedia("(hover: hover)");
const POINTED = `:is(${ROWS}):hover`;

/** Whether a pointer or the focus rests on a row. */
export function resting(main: HTMLElement): boolean {
  if (document.hidden) return false;
  return !!rowOf(document.activeElement) || (HOVERS.matches && !!main.querySelector(POINTED));
}

/** What opens a row: the link of its head, else its first. */
export function linkOf(row: Element): HTMLAnchorElement | null {
  return row.querySelector<HTMLAnchorElement>("th[scope=row] a[href]") ?? row.querySelector<HTMLAnchorElement>("a[href]");
}

function reachable(row: Element): boolean {
  return !!linkOf(row)?.checkVisibility();
}

// Without a row to start from: the first that can be seen.
function start(rows: Element[]): number {
  const top = document.querySelector(".strip")?.getBoundingClientRect().bottom ?? 0;
  return rows.findIndex((row) => row.getBoundingClientRect().top >= top - 1);
}

/** Move the focus by one row. */
export function step(by: 1 | -1): void {
  const rows = rowsOf(document).filter((row) => rowOf(row) && reachable(row));
  const here = rows.indexOf(rowOf(document.activeElement) as Element);
  const row = rows[here < 0 ? Math.max(0, start(rows)) : Math.min(rows.length - 1, Math.max(0, here + by))];
  if (row) go(row);
}

/** Focus a row, with the whole of it in sight. */
export function go(row: Element): void {
  linkOf(row)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** Call before the page changes, and what it returns afterwards: a focus that left goes to its neighbour. */
export function keepFocus(main: HTMLElement): () => void {
  const held = document.activeElement;
  if (!held || held === main || !main.contains(held)) return () => {};
  const row = rowOf(held);
  const rows = row ? rowsOf(main) : [];
  const index = row ? rows.indexOf(row) : -1;
  return () => {
    if (document.activeElement && document.activeElement !== document.body) return;
    // It was moved: a browser takes the focus from what it takes out, if only for a moment.
    if (held.isConnected) return (held as HTMLElement).focus({ preventScroll: true });
    const near = [...rows.slice(index), ...rows.slice(0, index).reverse()].find((one) => one.isConnected && reachable(one));
    // Everything was replaced at once: whatever stands in its place.
    const place = near ?? (index < 0 ? undefined : rowsOf(main).filter(reachable).slice(0, index + 1).pop());
    ((place && linkOf(place)) ?? main).focus({ preventScroll: true });
  };
}
