// A bar while the next page is awaited for longer than a moment.
const MOMENT = 150;
// Whatever was awaited came as a download, or was stopped by a button that tells nobody.
const AT_MOST = 60_000;

let starting = 0;
let ending = 0;

function mark(busy: boolean): void {
  const bar = document.getElementById("progress");
  if (bar) bar.hidden = !busy;
  const main = document.getElementById("live");
  if (busy) main?.setAttribute("aria-busy", "true");
  else main?.removeAttribute("aria-busy");
}

/** Another page was asked for. */
export function begin(): void {
  end();
  starting = window.setTimeout(() => mark(true), MOMENT);
  ending = window.setTimeout(end, AT_MOST);
}

function end(): void {
  clearTimeout(starting);
  clearTimeout(ending);
  mark(false);
}

// Into this tab, to another page of ours: not a download, not a place on this page, not another program.
function leaves(event: MouseEvent): boolean {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (!link || link.hasAttribute("download") || (link.target && link.target !== "_self")) return false;
  const here = location.pathname + location.search;
  return link.origin === location.origin && !(link.hash && link.pathname + link.search === here);
}

function sends(event: SubmitEvent): boolean {
  const form = event.target as HTMLFormElement;
  return !event.defaultPrevented && form.method !== "dialog" && (!form.target || form.target === "_self");
}

export function showProgress(): void {
  // On the window: after everybody who may have answered it otherwise.
  window.addEventListener("click", (event) => leaves(event) && begin());
  window.addEventListener("submit", (event) => sends(event) && begin());
  window.addEventListener("keydown", (event) => event.key === "Escape" && end());
  window.addEventListener("pageshow", end);
}
