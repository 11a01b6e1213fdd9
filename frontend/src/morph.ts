// Puts what a page says now into what it shows: keeps focus, scroll, open details, and touches only what differs.
import { ofCut } from "./cut.js";

// Where a part stands that is the same in the page already, and that part as it was before anything moved.
export const SAME = "data-same";
const standing = new WeakMap<Element, Element>();

/** Say which element of the page an unchanged part (``hole``) stands for. */
export function stands(hole: Element, part: Element): void {
  standing.set(hole, part);
}

/**
 * How changes are put in. "flow": as they come. "still": nothing is added, taken out or moved; what is there
 * says what is true of it now.
 */
export type Manner = "flow" | "still";

let manner: Manner = "flow";

// How high places are before anything changes: read later, each would make the browser lay the page out once more.
let heights = new WeakMap<Element, number>();

/** Call before changes are put in: a place that becomes free keeps the height that it has now. */
export function measurePlaces(main: Element): void {
  heights = new WeakMap();
  for (const place of main.querySelectorAll<HTMLElement>("[data-places] > .run[id]")) {
    if (place.checkVisibility()) heights.set(place, place.offsetHeight);
  }
}

/** Give `old` what is in `fresh`. */
export function morph(old: Element, fresh: ParentNode & Node, how: Manner): void {
  manner = how;
  inside(old, fresh);
}

/** Make `old` say what `fresh` says of the same. */
export function morphPart(old: Element, fresh: Element): void {
  manner = "flow";
  sync(old, fresh);
}

// A form that somebody may be filling in, or a view of the same bytes, stays as it is.
function kept(old: Element, fresh: Element): boolean {
  const mark = old.getAttribute("data-kept");
  return mark !== null && fresh.getAttribute("data-kept") === mark;
}

function ours(old: Element, name: string): boolean {
  // A fold stays as somebody left it; the console's own pages have no styles of their own.
  return name === "data-done" || name === "style" || ofCut(old, name) || (name === "open" && old.nodeName === "DETAILS");
}

function attributes(old: Element, fresh: Element): void {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !ours(old, name)) old.setAttribute(name, value);
  }
  if (old.attributes.length === fresh.attributes.length) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !ours(old, name)) old.removeAttribute(name);
  }
}

function key(node: Node): string {
  // Not its property: a form's may be an input of that name.
  return node instanceof Element ? (node.getAttribute("id") ?? "") : "";
}

function alike(old: Node, fresh: Node): boolean {
  return old.nodeName === fresh.nodeName && key(old) === key(fresh);
}

function sameShape(old: Node, fresh: Node): boolean {
  let one = old.firstChild;
  let other = fresh.firstChild;
  for (; one && other; one = one.nextSibling, other = other.nextSibling) if (!alike(one, other)) return false;
  return one === other;
}

/** Make `old` say what `fresh` says; where both have the same shape nothing is moved or made. */
function sync(old: Node, fresh: Node): void {
  if (!(old instanceof Element && fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (fresh.hasAttribute(SAME) || kept(old, fresh)) return;
  attributes(old, fresh);
  inside(old, fresh);
}

function inside(old: Element, fresh: ParentNode & Node): void {
  if (!sameShape(old, fresh)) {
    if (manner === "still") return syncKnown(old, fresh);
    if (old.hasAttribute("data-places")) return takePlaces(old, fresh);
    return inView(old) ? replace(old, fresh) : arrange(old, fresh);
  }
  let one = old.firstChild;
  let other = fresh.firstChild;
  for (; one && other; one = one.nextSibling, other = other.nextSibling) sync(one, other);
}

/** Without adding, taking out or moving anything: an element is the one with its id, or the next of its kind without one. */
function syncKnown(old: Element, fresh: ParentNode & Node): void {
  const known = new Map([...old.children].map((child) => [key(child), child]));
  let cursor = old.firstElementChild;
  for (const child of [...fresh.children]) {
    let match = key(child) ? known.get(key(child)) : cursor;
    while (!key(child) && match && (!alike(match, child) || match.className !== child.className)) match = match.nextElementSibling;
    if (!match || !alike(match, child)) continue;
    if (!key(child)) cursor = match.nextElementSibling;
    sync(match, child);
  }
}

// Rows whose beginning is in sight: what comes before them would push them down.
function inView(rows: Element): boolean {
  if (!/^(TBODY|UL|OL)$/.test(rows.nodeName)) return false;
  const top = document.querySelector(".strip")?.getBoundingClientRect().bottom ?? 0;
  return rows.getBoundingClientRect().top >= top;
}

/** Give `old` the children of `fresh` without moving one: where another stands than before, it is made anew. */
function replace(old: Element, fresh: ParentNode & Node): void {
  let one = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    if (!one) {
      old.append(filled(child));
      continue;
    }
    const next: ChildNode | null = one.nextSibling;
    if (alike(one, child)) sync(one, child);
    else one.replaceWith(filled(child));
    one = next;
  }
  while (one) {
    const next: ChildNode | null = one.nextSibling;
    one.remove();
    one = next;
  }
}

/**
 * Rows of a kind that come and go all the time have places. One keeps its place while it is there; the next that
 * comes takes the first free one. A free place keeps its height, and places become more, never fewer.
 */
function takePlaces(old: Element, fresh: ParentNode & Node): void {
  const isPlace = (row: Element) => row.classList.contains("run");
  const wanted = new Map([...fresh.children].filter((row) => isPlace(row) && key(row)).map((row) => [key(row), row]));
  const places = [...old.children].filter(isPlace) as HTMLElement[];
  const free: HTMLElement[] = [];
  for (const place of places) {
    const same = wanted.get(key(place));
    wanted.delete(key(place));
    if (same) sync(place, same);
    else free.push(place);
  }
  for (const row of wanted.values()) {
    const place = free.shift();
    if (place) place.replaceWith(filled(row));
    else [...old.children].filter(isPlace).pop()?.after(filled(row));
  }
  for (const place of free) if (key(place)) vacate(place);
  const others = (rows: Iterable<Element>) => [...rows].filter((row) => !isPlace(row));
  const before = others(old.children);
  others(fresh.children).forEach((row, index) => {
    const match = before[index];
    if (match) sync(match, row);
    else old.append(filled(row));
  });
  for (const row of before.slice(others(fresh.children).length)) row.remove();
}

function vacate(place: HTMLElement): void {
  const empty = document.createElement("td");
  empty.colSpan = 5;
  const height = heights.get(place);
  if (height) place.style.height = `${height}px`;
  place.removeAttribute("id");
  place.replaceChildren(empty);
}

/**
 * Give `old` the children of `fresh`. One that has an id is the same wherever it stands; of the others the next
 * of its kind is. A child that stays is not taken out of the page if it can be helped: that would lose the
 * focus in it, and the place that the browser scrolled to.
 */
function arrange(old: Element, fresh: ParentNode & Node): void {
  const wanted = new Set([...fresh.childNodes].map(key).filter(Boolean));
  const known = new Map<string, Node>();
  for (const child of old.childNodes) if (key(child) && !known.has(key(child))) known.set(key(child), child);
  let cursor = old.firstChild;
  // Takes out what stands here.
  const leave = (node: ChildNode) => {
    cursor = node.nextSibling;
    node.remove();
  };
  const stays = (node: Node) => known.get(key(node)) === node && wanted.has(key(node));
  for (const child of [...fresh.childNodes]) {
    const match = key(child) ? known.get(key(child)) : next(cursor, child);
    if (!match || !alike(match, child)) {
      old.insertBefore(filled(child), cursor);
      continue;
    }
    known.delete(key(child));
    // What stands before it is not needed any more, unless it comes later.
    while (cursor && cursor !== match && !stays(cursor)) leave(cursor);
    if (cursor === match) cursor = cursor.nextSibling;
    else old.insertBefore(match, cursor);
    sync(match, child);
  }
  while (cursor) leave(cursor);
}

/** What is added has its unchanged parts with it: they may come from anywhere in the page. */
function filled(child: Node): Node {
  if (!(child instanceof Element)) return child;
  const copy = (hole: Element) => standing.get(hole)?.cloneNode(true) ?? hole;
  for (const hole of child.querySelectorAll(`[${SAME}]`)) hole.replaceWith(copy(hole));
  return child.hasAttribute(SAME) ? copy(child) : child;
}

function next(cursor: Node | null, child: Node): Node | null {
  let node = cursor;
  // Text, mostly the space between rows, is sooner made anew than fetched from afar.
  if (child instanceof Text) return cursor instanceof Text ? cursor : null;
  while (node && !alike(node, child)) node = node.nextSibling;
  return node;
}
