// Who the page is for. When somebody else asks by now (signed out elsewhere, or signed in as another), it says so, and sends nothing.
import { base } from "./base.js";
import { tell } from "./told.js";
import { say } from "./words.js";

const root = document.documentElement;
const PAUSE = 5000;
const NEEDS_SIGN_IN = 401;

let other: string | null = null;

function words(): string {
  return other
    ? say("You are now signed in as {name}. This page shows earlier data.", { name: other })
    : say("You were signed out. This page shows earlier data.");
}

function way(): HTMLAnchorElement {
  const link = document.createElement("a");
  const here = location.pathname.slice(base.length) + location.search;
  link.href = other ? location.href : `${base}/sign-in?next=${encodeURIComponent(here)}`;
  link.textContent = other ? say("Reload the page") : say("Sign in");
  return link;
}

/** Say in the banner that the page is somebody else's, if it is; returns whether. */
export function showOther(banner: HTMLElement | null): boolean {
  if (other === null || !banner) return other !== null;
  const text = words();
  // It is read aloud when it changes: only then.
  if (banner.firstChild?.textContent?.trim() !== text) banner.replaceChildren(text + " ", way());
  banner.hidden = false;
  return true;
}

/** Who asks now is `name` (empty: nobody), for whom the page is not; null: it is. */
export function becomes(name: string | null): void {
  other = name;
}

async function look(): Promise<void> {
  if (document.hidden) return;
  const banner = document.getElementById("banner");
  try {
    const answer = await fetch(`${base}/api/v1/me`, { cache: "no-store" });
    if (!answer.ok && answer.status !== NEEDS_SIGN_IN) return;
    const told = answer.ok ? ((await answer.json()) as { name?: string }) : {};
    // Without who vouches for it, as it stands on the page.
    const name = (told.name ?? "").replace(/^[^:]*:/, "");
    const was = other !== null;
    becomes(name === root.dataset.person ? null : name);
    if (!showOther(banner) && was && banner) banner.hidden = true;
  } catch {
    // The console is away: who asks is not known.
  }
}

/** Watch who asks, on pages that no stream keeps up to date. */
function watch(): void {
  if (!root.dataset.person || root.dataset.live === "yes") return;
  setInterval(() => void look(), PAUSE);
  document.addEventListener("visibilitychange", () => void look());
}

export function listenToSignedOut(): void {
  // What was filled in stays: it would be refused, and lost.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (other === null || !(form instanceof HTMLFormElement) || form.method !== "post") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      tell(words());
      document.querySelector<HTMLElement>("#banner a")?.focus();
    },
    true,
  );
  watch();
}
