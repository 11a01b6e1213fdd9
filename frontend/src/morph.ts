// Puts live data into the page: keeps focus, scroll, open details and a selection, and touches only what differs.
import type { Fragment, Patch, Piece } from "./messages.js";
import { keepFocus } from "./rows.js";

// Where a part stands that is the same in the page already, and that part as it was before anything moved.
const SAME = "data-same";
const standing = new WeakMap<Element, Element>();

// A form that somebody may be filling in, or a view of the same bytes, stays as it is.
function kept(old: Element, fresh: Element): boolean {
  const mark = old.getAttribute("data-kept");
  return mark !== null && fresh.getAttribute("data-kept") === mark;
}

function ours(old: Element, name: string): boolean {
  // A fold stays as somebody left it.
  return name === "data-done" || (name === "open" && old.nodeName === "DETAILS");
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
  if (!sameShape(old, fresh)) return arrange(old, fresh);
  let one = old.firstChild;
  let other = fresh.firstChild;
  for (; one && other; one = one.nextSibling, other = other.nextSibling) sync(one, other);
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

// Parsed apart: in a template nothing runs or loads, and a row may stand alone.
function parsed(html: string, ready: (root: ParentNode) => void): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  ready(template.content);
  return template.content;
}

/** The page's live part: what is shown there, and which edition of it. */
export class Shown {
  #digest = "";
  // Somebody is selecting text: what comes meanwhile is not shown, and asked for again.
  #behind = false;

  /** `ready` gets what is new before it is shown, `after` is called when something was, `again` asks for the whole page. */
  constructor(
    readonly main: HTMLElement,
    readonly ready: (root: ParentNode) => void,
    readonly after: () => void,
    readonly again: () => void,
  ) {
    document.addEventListener("selectionchange", () => {
      if (this.#behind && !this.#selecting()) this.#ask();
    });
  }

  show(message: Fragment | Patch): void {
    if (message.digest === this.#digest) {
      this.#behind = false;
      return;
    }
    if (this.#selecting()) {
      this.#behind = true;
      return;
    }
    if (message.base !== null && message.base !== this.#digest) return this.#ask();
    const focus = keepFocus(this.main);
    if (message.kind === "patch") this.#patch(message.parts);
    else if (!this.#whole(message)) return this.#ask();
    focus();
    this.#digest = message.digest;
    this.#behind = false;
    this.after();
  }

  #ask(): void {
    this.#behind = false;
    this.again();
  }

  #selecting(): boolean {
    const selection = getSelection();
    return !!selection && !selection.isCollapsed && this.main.contains(selection.anchorNode);
  }

  #part(id: string): Element | null {
    return this.main.querySelector("#" + CSS.escape(id));
  }

  #patch(parts: [string, string][]): void {
    for (const [id, html] of parts) {
      const old = this.#part(id);
      const fresh = parsed(html, this.ready).firstElementChild;
      // What stands within something kept belongs to it.
      if (old && fresh && !old.parentElement?.closest("[data-kept]")) sync(old, fresh);
    }
  }

  #whole({ pieces }: Fragment): boolean {
    const missing = (piece: Piece) => typeof piece !== "string" && piece.length === 1 && !this.#part(piece[0]);
    if (pieces.some(missing)) return false;
    const html = pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      const [id, part] = piece;
      if (part !== undefined) return part;
      const name = this.#part(id)?.localName ?? "div"; // never the latter: none is missing
      return `<${name} id="${id}" ${SAME}></${name}>`;
    });
    const fresh = parsed(html.join(""), this.ready);
    for (const hole of fresh.querySelectorAll(`[${SAME}]`)) {
      const part = this.#part(hole.id);
      if (part) standing.set(hole, part);
    }
    inside(this.main, fresh);
    return true;
  }
}
