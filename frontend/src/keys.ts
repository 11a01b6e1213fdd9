// The keyboard: single letters, never while somebody types, and off for who does not want them.
import { copy, openKeys, theme } from "./controls.js";
import { rowOf, step } from "./rows.js";

const TYPING = "input,textarea,select,[contenteditable],dialog";
const SWITCH = "keys";
const LIST = "list";

function recall(store: "localStorage" | "sessionStorage", key: string): string | null {
  try {
    return window[store].getItem(key);
  } catch {
    return null; // Storage is forbidden.
  }
}

function keep(store: "localStorage" | "sessionStorage", key: string, value: string): void {
  try {
    window[store].setItem(key, value);
  } catch {
    // Storage is forbidden: it lasts for this page.
  }
}

function follow(selector: string): void {
  document.querySelector<HTMLAnchorElement>(selector)?.click();
}

function find(): void {
  const box = document.querySelector<HTMLInputElement>("main :is(input[type=search], .filter input)");
  box?.focus();
  box?.select();
}

function copyHere(): void {
  const row = rowOf(document.activeElement);
  const button = (row ?? document).querySelector<HTMLElement>(row ? "[data-copy]" : "main dd [data-copy]");
  if (button) void copy(button);
}

/** Where a page belongs: a job to the list that it was found in, a queue to the queues, the rest to the overview. */
function up(): void {
  const [server, kind, name] = location.pathname.split("/").slice(1);
  const list = recall("sessionStorage", LIST);
  if (kind === "jobs" && list?.startsWith(`/${server}/`)) location.assign(list);
  else if (kind === "jobs") follow("main .about a");
  else if (kind === "queues" && name !== undefined) follow('nav a[data-key="q"]');
  else if (kind) follow('nav a[data-key="o"]');
  else if (server) follow("a.brand");
}

const KEYS: Record<string, () => void> = {
  "?": openKeys,
  "/": find,
  j: () => step(1),
  k: () => step(-1),
  c: copyHere,
  n: () => follow("main a[rel=next]"),
  p: () => follow("main a[rel=prev]"),
  u: up,
  t: theme,
};

let going = 0;

function press(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && target.matches("main input")) return target.blur();
  if (event.defaultPrevented || target.closest(TYPING) || recall("localStorage", SWITCH) === "off") return;
  const soon = Date.now() - going < 1500;
  going = event.key === "g" && !soon ? Date.now() : 0;
  if (going) return;
  if (soon && /^[a-z]$/.test(event.key)) return follow(`nav a[data-key="${event.key}"]`);
  const act = KEYS[event.key];
  if (!act) return;
  // Or the key would be typed into the box that it leads to.
  event.preventDefault();
  act();
}

export function listenKeys(): void {
  document.addEventListener("keydown", press);
  const box = document.querySelector<HTMLInputElement>("#keys-on");
  if (box) {
    box.checked = recall("localStorage", SWITCH) !== "off";
    box.addEventListener("change", () => keep("localStorage", SWITCH, box.checked ? "on" : "off"));
  }
  // Where a job's page leads back to, filter and place included.
  if (document.querySelector("main .list, main .filter")) keep("sessionStorage", LIST, location.pathname + location.search);
}
