// Relative times: each is touched only when its words change, however many a page has.
import { nextChange, relative } from "./words.js";

interface Said {
  at: string | null;
  until: number;
}

const said = new WeakMap<Element, Said>();
// Live lists: the browser keeps them, nothing is searched for.
const all = document.getElementsByTagName("time");

function say(node: Element, at: string | null, now: number): void {
  const time = Number(at);
  said.set(node, { at, until: nextChange(time, now) });
  const text = relative(time, now);
  if (node.textContent !== text) node.textContent = text;
}

/** Say the times of what is not in the page yet. */
export function fill(root: ParentNode, now: number): void {
  for (const node of root.querySelectorAll("time[data-at]")) say(node, node.getAttribute("data-at"), now);
}

/** Say what has changed meanwhile. */
export function tick(now: number): void {
  for (const node of all) {
    const at = node.getAttribute("data-at");
    const last = said.get(node);
    if (at !== null && !(last && last.at === at && now < last.until)) say(node, at, now);
  }
}
