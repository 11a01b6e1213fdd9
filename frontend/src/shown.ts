// The page's live part: what the stream has told, what of it is shown, and what waits.
import type { Fragment, Patch, Piece } from "./messages.js";
import { measurePlaces, morph, morphPart, SAME, stands } from "./morph.js";
import { Page } from "./page.js";
import { keepFocus, resting } from "./rows.js";

interface Told {
  digest: string | null;
  rows: Map<string, string>;
}

const ROW = "tr[id],li[id],tbody[id]";

// Parsed apart: in a template nothing runs or loads, and a row may stand alone.
function parsed(html: string, ready: (root: ParentNode) => void): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  ready(template.content);
  return template.content;
}

/**
 * Shows what is told. Nothing moves under a pointer or a focus that rests on a row: what is in the page stays up to
 * date there, what came or went waits. Nothing at all is shown while somebody selects text or has pressed Hold.
 */
export class Shown {
  #told = new Page();
  // The edition that the page shows exactly.
  #exact: string | null = null;
  // What was told when updates began to wait.
  #before: Told | null = null;
  #held = false;

  /**
   * `ready` gets what is new before it is shown, `after` is called when something was, `again` asks for the whole
   * page, `wait` hears how many changes are not shown.
   */
  constructor(
    readonly main: HTMLElement,
    readonly ready: (root: ParentNode) => void,
    readonly after: () => void,
    readonly again: () => void,
    readonly wait: (count: number) => void,
  ) {
    for (const event of ["selectionchange", "pointerover", "focusin", "focusout", "visibilitychange"]) {
      // Once the browser knows where the pointer and the focus are.
      document.addEventListener(event, () => this.#before && requestAnimationFrame(() => this.#goOn()));
    }
    document.documentElement.addEventListener("pointerleave", () => this.#before && requestAnimationFrame(() => this.#goOn()));
  }

  /** Stop showing what is told, or go on. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#before ??= this.#now();
    else this.#goOn();
  }

  /** Whether somebody has stopped the page. */
  get held(): boolean {
    return this.#held;
  }

  show(message: Fragment | Patch): void {
    if (this.#waits()) this.#before ??= this.#now();
    if (!this.#told.take(message)) return this.again();
    if (this.#before) return this.#goOn();
    if (this.#told.digest === this.#exact) return;
    if (this.#exact === null || message.base !== this.#exact || !this.#put(message)) this.#all();
    this.#shown();
  }

  #now(): Told {
    return { digest: this.#told.digest, rows: this.#told.rows() };
  }

  #waits(): boolean {
    return this.#held || this.#selecting() || resting(this.main);
  }

  #goOn(): void {
    const before = this.#before;
    if (!before) return;
    if (this.#held || this.#selecting()) return this.wait(this.#changes(before));
    if (resting(this.main)) return this.#still();
    this.#before = null;
    if (this.#told.digest !== this.#exact) this.#all();
    this.#shown();
    this.wait(0);
  }

  #shown(): void {
    this.#exact = this.#told.digest;
    this.after();
  }

  /** Show everything that was told. */
  #all(): void {
    const whole = this.#told.whole();
    if (whole) this.#whole(whole.pieces);
  }

  /** Show what is told of what is in the page, and mark what is gone. */
  #still(): void {
    const whole = this.#told.whole();
    if (!whole) return;
    const html = whole.pieces.map((piece) => (typeof piece === "string" ? piece : piece[1])).join("");
    const fresh = parsed(html, this.ready);
    const ids = new Set([...fresh.querySelectorAll(ROW)].map((row) => row.id));
    this.#exact = null;
    morph(this.main, fresh, "still");
    let missing = 0;
    for (const row of this.main.querySelectorAll(ROW)) {
      row.toggleAttribute("data-gone", !ids.has(row.id));
      if (!ids.delete(row.id)) missing += 1;
    }
    this.after();
    this.wait(missing + ids.size);
  }

  /** How many rows are not what they were; 1 if only something else is not. */
  #changes({ digest, rows }: Told): number {
    const now = this.#told.rows();
    let count = 0;
    for (const [id, html] of now) if (rows.get(id) !== html) count += 1;
    for (const id of rows.keys()) if (!now.has(id)) count += 1;
    return count || Number(digest !== this.#told.digest);
  }

  #selecting(): boolean {
    const selection = getSelection();
    return !!selection && !selection.isCollapsed && this.main.contains(selection.anchorNode);
  }

  #part(id: string): Element | null {
    return this.main.querySelector("#" + CSS.escape(id));
  }

  /** Show a change to what is shown; false: it does not fit. */
  #put(message: Fragment | Patch): boolean {
    if (message.kind === "fragment") return this.#whole(message.pieces);
    const focus = keepFocus(this.main);
    this.#patch(message.parts);
    focus();
    return true;
  }

  #patch(parts: [string, string][]): void {
    measurePlaces(this.main);
    for (const [id, html] of parts) {
      const old = this.#part(id);
      const fresh = parsed(html, this.ready).firstElementChild;
      // What stands within something kept belongs to it.
      if (old && fresh && !old.parentElement?.closest("[data-kept]")) morphPart(old, fresh);
    }
  }

  #whole(pieces: Piece[]): boolean {
    const missing = (piece: Piece) => typeof piece !== "string" && piece.length === 1 && !this.#part(piece[0]);
    if (pieces.some(missing)) return false;
    measurePlaces(this.main);
    const focus = keepFocus(this.main);
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
      if (part) stands(hole, part);
    }
    morph(this.main, fresh, "flow");
    focus();
    return true;
  }
}
