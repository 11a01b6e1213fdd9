// An operation that goes on: its page is asked for again until it has ended.
const PAUSE = 700;
const PARTS = ["#follow", ".after"];

function put(fresh: Document): void {
  for (const part of PARTS) {
    const old = document.querySelector(`main ${part}`);
    const next = fresh.querySelector(`main ${part}`);
    if (!old || !next || old.innerHTML === next.innerHTML) continue;
    const held = old.contains(document.activeElement);
    old.replaceWith(document.adoptNode(next));
    // The focus was on a button that may be gone: what stands in its place.
    if (held) document.querySelector<HTMLElement>(`main ${part} :is(button,a)`)?.focus({ preventScroll: true });
  }
}

async function look(): Promise<void> {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      // Somebody else is sent elsewhere, and told so by what watches that.
      if (answer.ok && !answer.redirected) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The console is away: the operation goes on, or is resumed.
    }
  }
  follow();
}

export function follow(): void {
  if (document.querySelector("main [data-follow]")) setTimeout(look, PAUSE);
}
