// What single keys do. Never while somebody types or holds a modifier, and not when switched off in the list of keys.
import { copy, toggleTheme } from "./controls.js";
import { pickPage, pickRow, toButtons } from "./picks.js";
import { up } from "./place.js";
import { begin } from "./progress.js";
import { linkOf, rowOf, step } from "./rows.js";

const STORED = "keys";
// In a box to tick nobody types.
const BOX = "main input[type=checkbox]";
const TYPING = "input,textarea,select,[contenteditable],dialog";
// How long a letter may take to follow its "g", in milliseconds.
const PATIENCE = 1500;

const ACTS: Record<string, () => void> = {
  "?": showKeys,
  "/": search,
  j: () => step(1),
  k: () => step(-1),
  c: copyId,
  n: () => document.querySelector<HTMLAnchorElement>("main a[rel=next]")?.click(),
  p: () => document.querySelector<HTMLAnchorElement>("main a[rel=prev]")?.click(),
  u: goUp,
  x: pickRow,
  a: pickPage,
  b: toButtons,
  t: toggleTheme,
  h: () => document.getElementById("hold")?.click(),
};
const REPEATED = new Set(["j", "k"]);

function showKeys(): void {
  const dialog = document.getElementById("keys") as HTMLDialogElement | null;
  if (dialog && !dialog.open) dialog.showModal();
}

function search(): void {
  const boxes = [...document.querySelectorAll<HTMLInputElement>("main input[type=search], main .filter input")];
  const box = boxes.find((one) => one.checkVisibility());
  box?.focus();
  box?.select();
}

// A job or a queue by the last part of its address.
function named(address: string | undefined): string | null {
  const last = /^\/[^/]+\/(?:jobs|queues)\/([^/]+)$/.exec(address ?? "")?.[1];
  try {
    return last === undefined ? null : decodeURIComponent(last);
  } catch {
    return null;
  }
}

function copyId(): void {
  const row = rowOf(document.activeElement);
  const button = (row ?? document.querySelector("main .entry"))?.querySelector<HTMLElement>("button[data-copy]") ?? null;
  const id = button?.dataset.copy ?? named(row ? linkOf(row)?.pathname : location.pathname);
  if (id) void copy(id, button);
}

function goUp(): void {
  const to = up();
  if (!to) return;
  begin();
  location.assign(to);
}

function off(): boolean {
  try {
    return localStorage.getItem(STORED) === "off";
  } catch {
    return false;
  }
}

function switchKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, "off");
  } catch {
    // Storage is forbidden: the keys stay as they are.
  }
}

let going = -Infinity;

function act(event: KeyboardEvent): (() => void) | undefined {
  const key = event.shiftKey ? event.key : event.key.toLowerCase();
  const follows = event.timeStamp - going < PATIENCE;
  going = -Infinity;
  if (event.repeat && !REPEATED.has(key)) return;
  if (follows) {
    const link = /^[a-z]$/.test(key) && document.querySelector<HTMLAnchorElement>(`nav a[data-key="${key}"]`);
    return link ? () => link.click() : undefined;
  }
  if (key === "g") return () => (going = event.timeStamp);
  return Object.hasOwn(ACTS, key) ? ACTS[key] : undefined;
}

function press(event: KeyboardEvent): void {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape" && target instanceof HTMLInputElement && target.type === "search" && !target.value) return target.blur();
  // What rests on a row holds the list: this lets it go.
  if (event.key === "Escape" && target instanceof HTMLElement && rowOf(target) && !target.closest(TYPING)) return target.blur();
  if ((target.closest(TYPING) && !target.matches(BOX)) || off()) return;
  const found = act(event);
  if (!found) return;
  event.preventDefault();
  found();
}

export function listenToKeys(): void {
  const box = document.getElementById("keys-on") as HTMLInputElement | null;
  const show = () => box && (box.checked = !off());
  show();
  box?.addEventListener("change", () => switchKeys(box.checked));
  window.addEventListener("storage", show);
  document.querySelector("[data-action=keys]")?.addEventListener("click", showKeys);
  document.addEventListener("keydown", press);
}
