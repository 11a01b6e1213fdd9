// Jobs that are chosen to act on: they stay chosen while somebody turns the pages of a list.
import { rowOf } from "./rows.js";

const form = () => document.getElementById("acts") as HTMLFormElement | null;
const boxes = () => [...document.querySelectorAll<HTMLInputElement>("main td.pick input")];
const whole = () => document.getElementById("pick-page") as HTMLInputElement | null;

// One choice for each list, as it is searched.
function place(list: Location | HTMLAnchorElement = location): string {
  return `picks:${list.pathname}?${new URLSearchParams(list.search).get("q") ?? ""}`;
}

function stored(): string[] {
  try {
    const known: unknown = JSON.parse(sessionStorage.getItem(place()) ?? "[]");
    return Array.isArray(known) ? known.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

const chosen = new Set<string>();
let last = -1;

function keep(values = [...chosen]): void {
  try {
    if (values.length) sessionStorage.setItem(place(), JSON.stringify(values));
    else sessionStorage.removeItem(place());
  } catch {
    // Storage is forbidden or full: the choice lasts for this page.
  }
}

function tell(): void {
  const shown = boxes();
  const here = shown.filter((box) => box.checked).length;
  const page = whole();
  if (page) {
    page.hidden = false;
    page.checked = here > 0 && here === shown.length;
    page.indeterminate = here > 0 && here < shown.length;
  }
  const acts = form();
  if (acts) switchButtons(acts);
  const text = document.getElementById("picked");
  const none = document.querySelector<HTMLElement>(".none-picked");
  if (none) none.hidden = !chosen.size;
  if (!acts || !text) return;
  text.dataset.empty ??= text.textContent;
  const more = chosen.size - here;
  const pattern = (more ? acts.dataset.more : acts.dataset.picked) ?? "";
  const told = chosen.size ? pattern.replace("{n}", String(chosen.size)).replace("{more}", String(more)) : text.dataset.empty;
  if (text.textContent !== told) text.textContent = told;
}

// Nothing can be asked for before something is chosen: it would be refused.
function switchButtons(acts: HTMLFormElement): void {
  const all = acts.querySelector<HTMLInputElement>("input[name=all]");
  for (const button of acts.querySelectorAll<HTMLButtonElement>("button[name=operation]:not([data-denied])")) {
    button.disabled = !chosen.size && !all?.checked;
  }
}

function take(some: HTMLInputElement[], checked: boolean): void {
  for (const box of some) {
    box.checked = checked;
    if (checked) chosen.add(box.value);
    else chosen.delete(box.value);
  }
}

/** Call when the page has changed: its boxes say what is chosen. */
export function showPicks(): void {
  if (!form()) return;
  for (const box of boxes()) box.checked = chosen.has(box.value);
  tell();
}

function change(event: Event): void {
  const box = event.target;
  if (!(box instanceof HTMLInputElement)) return;
  if (box.id === "pick-page") take(boxes(), box.checked);
  else if (box.closest("td.pick")) take([box], box.checked);
  else if (box.name !== "all" || box.form !== form()) return;
  keep();
  tell();
}

// With the shift key: all from the last one to this.
function click(event: MouseEvent): void {
  const box = event.target;
  if (box instanceof Element && box.closest("[data-action=pick-none]")) {
    chosen.clear();
    keep();
    return showPicks();
  }
  if (!(box instanceof HTMLInputElement) || !box.closest("td.pick")) return;
  const all = boxes();
  const index = all.indexOf(box);
  if (event.shiftKey && last >= 0) take(all.slice(Math.min(last, index), Math.max(last, index) + 1), box.checked);
  last = index;
}

// What is chosen on other pages goes along.
function submit(event: SubmitEvent): void {
  const acts = event.target;
  if (!(acts instanceof HTMLFormElement) || acts.id !== "acts") return;
  acts.querySelectorAll("[data-elsewhere]").forEach((one) => one.remove());
  const name = boxes()[0]?.name;
  const here = new Set(boxes().map((box) => box.value));
  for (const value of name ? chosen : []) {
    if (here.has(value)) continue;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    field.dataset.elsewhere = "yes";
    acts.append(field);
  }
}

// What was acted on is not chosen any more; who only looked, and went back, chooses on.
function forget(): void {
  const back = document.querySelector("main #follow") && document.querySelector<HTMLAnchorElement>("main a[rel=up]");
  try {
    if (back) sessionStorage.removeItem(place(back));
  } catch {
    // Storage is forbidden: nothing was kept.
  }
}

/** Choose the row where the focus is, or let it go. */
export function pickRow(): void {
  rowOf(document.activeElement)?.querySelector<HTMLInputElement>("td.pick input")?.click();
}

/** Choose every row of the page, or none. */
export function pickPage(): void {
  whole()?.click();
}

/** Go to the first button that can be pressed. */
export function toButtons(): void {
  const ways = "main :is(.acts,.after) button[name=operation]:not(:disabled)";
  const button = [...document.querySelectorAll<HTMLElement>(ways)].find((one) => one.checkVisibility());
  button?.focus();
}

export function listenToPicks(): void {
  document.addEventListener("change", change);
  document.addEventListener("click", click);
  document.addEventListener("submit", submit);
  const begin = () => {
    chosen.clear();
    for (const value of stored()) chosen.add(value);
    // A browser that comes back fills in what was ticked.
    for (const box of boxes()) if (box.checked) chosen.add(box.value);
    showPicks();
  };
  window.addEventListener("pageshow", begin);
  begin();
  forget();
}
