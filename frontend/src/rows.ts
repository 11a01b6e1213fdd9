// Rows that the keyboard walks through: of tables and lists, each by the link that leads to what it is about.

const ROWS = "main :is(tbody tr, .failures li, .attention li)";

export function rowOf(node: Element | null): HTMLElement | null {
  return node?.closest<HTMLElement>(ROWS) ?? null;
}

function linkOf(row: Element): HTMLElement | null {
  return row.querySelector<HTMLElement>("th[scope=row] a[href]") ?? row.querySelector<HTMLElement>("a[href]");
}

function walked(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(ROWS)].filter((row) => row.checkVisibility() && linkOf(row));
}

function enter(row: Element | undefined): boolean {
  const link = row && linkOf(row);
  if (!link) return false;
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  return true;
}

/** Go to the next row, or the one before; from nowhere to the first, or the last. */
export function step(by: 1 | -1): void {
  const rows = walked();
  const here = rowOf(document.activeElement);
  const at = here ? rows.indexOf(here) : by > 0 ? -1 : rows.length;
  enter(rows[Math.min(rows.length - 1, Math.max(0, at + by))]);
}

// A row that leaves is followed by the one after it, else by the one before.
function neighbours(row: HTMLElement): string[] {
  const rows = walked();
  const at = rows.indexOf(row);
  return [...rows.slice(at), ...rows.slice(0, Math.max(0, at)).reverse()].map(({ id }) => id).filter(Boolean);
}

function place(active: Element | null): () => void {
  if (!(active instanceof HTMLElement)) return () => {};
  const row = rowOf(active);
  const ids = row ? neighbours(row) : [];
  const href = active.getAttribute("href");
  return () => {
    if (document.activeElement === active) return;
    if (active.isConnected) return active.focus({ preventScroll: true });
    // The same row keeps its place on the screen; another one may lie outside of it.
    const next = ids.map((id) => document.getElementById(id)).find((one) => one && linkOf(one));
    if (next && enter(next)) return;
    const same = active.id ? document.getElementById(active.id) : null;
    const again = same ?? [...document.querySelectorAll<HTMLElement>("main a[href]")].find((one) => one.getAttribute("href") === href);
    (again ?? document.querySelector<HTMLElement>("main"))?.focus({ preventScroll: true });
  };
}

/** Change what is shown without losing the focus: it follows its row, or goes to the neighbour. */
export function holding(main: HTMLElement, change: () => void): void {
  const restore = main.contains(document.activeElement) ? place(document.activeElement) : () => {};
  change();
  restore();
}
