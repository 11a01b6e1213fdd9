// A page that is long in coming: a bar at the top, and the old page is marked as busy.

const PATIENCE = 150;
const LONGEST = 30_000;

let timer: ReturnType<typeof setTimeout> | undefined;

function end(): void {
  clearTimeout(timer);
  delete document.documentElement.dataset.loading;
  document.querySelector("main")?.removeAttribute("aria-busy");
}

function begin(): void {
  end();
  timer = setTimeout(() => {
    document.querySelector("main")?.setAttribute("aria-busy", "true");
    document.documentElement.dataset.loading = "yes";
    timer = setTimeout(end, LONGEST);
  }, PATIENCE);
}

function leads(link: HTMLAnchorElement, event: MouseEvent): boolean {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  if (link.hasAttribute("download") || (link.target && link.target !== "_self")) return false;
  const here = link.origin === location.origin && link.pathname === location.pathname && link.search === location.search;
  return /^https?:$/.test(link.protocol) && !(here && link.hash);
}

export function listenWaiting(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
    if (link && !event.defaultPrevented && leads(link, event)) begin();
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && (event.target as HTMLFormElement).method !== "dialog") begin();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") end(); // It stops the loading.
  });
  // Somebody comes back to this page as it was left.
  window.addEventListener("pageshow", end);
}
