// The view of a stored text: lines in sight only, folds, search, the path of a line. It reads and
// searches in a worker, so that megabytes do not hold up the page.
import { COMMA, GOES_ON, OPENS } from "./json-lines.js";
import { Tree } from "./json-tree.js";
import type { FromReader, ToReader } from "./json-worker.js";
import { visible } from "./visible.js";
import { numeral, say } from "./words.js";

const LINE = 20;
const TALLEST = 8_000_000;
const DEEPEST = 40;
let made = 0;

const make = <K extends keyof HTMLElementTagNameMap>(name: K, kind: string, text = ""): HTMLElementTagNameMap[K] => {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  if (text) node.textContent = text;
  return node;
};

class View {
  readonly #id = `json-${(made += 1)}`;
  readonly #box = make("div", "jv-lines");
  readonly #space = make("div", "jv-space");
  readonly #rows = make("div", "jv-rows");
  readonly #path = make("code", "jv-path");
  readonly #state = make("span", "dim jv-state");
  readonly #input = make("input", "");
  #tree: Tree | null = null;
  #active = 0;
  #places: Uint32Array = new Uint32Array(0);
  #place = -1;
  #turn = 0;
  #more = false;

  constructor(
    readonly root: HTMLElement,
    readonly worker: Worker,
  ) {
    worker.onmessage = (event: MessageEvent) => this.#hear(event.data as FromReader);
    worker.onerror = () => root.classList.remove("on");
  }

  read(source: { bytes: ArrayBuffer } | { text: string }): void {
    const columns = Math.floor((this.root.clientWidth - 90) / 7.6);
    const wrap = Math.max(36, Math.min(160, columns));
    // A text that is on the page is the part already.
    const part = "text" in source ? "" : (this.root.dataset.part ?? "");
    const asked: ToReader = { kind: "read", part, wrap, ...source };
    this.worker.postMessage(asked, "bytes" in source ? [source.bytes] : []);
  }

  /** Lets the worker go; the view's nodes have left the page. */
  end(): void {
    this.worker.terminate();
  }

  #hear(told: FromReader): void {
    if (told.kind === "read") {
      this.#tree = new Tree(told.text, told.lines, this.root.dataset.part ?? "");
      this.#build();
      this.#draw();
    } else if (told.turn === this.#turn) {
      this.#places = told.places;
      this.#more = told.more;
      this.#place = told.places.length ? 0 : -1;
      this.#goToPlace();
    }
  }

  #build(): void {
    const bar = make("div", "jv-bar");
    const form = make("form", "jv-find");
    this.#input.type = "search";
    this.#input.placeholder = say("Search this text");
    this.#input.setAttribute("aria-label", say("Search this text"));
    this.#input.autocomplete = "off";
    this.#input.spellcheck = false;
    this.#input.maxLength = 500;
    form.append(this.#input, this.#button(say("Previous match"), "↑", () => this.#step(-1)), this.#button(say("Next match"), "↓", () => this.#step(1)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#step(1);
    });
    this.#input.addEventListener("input", () => this.#find());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.#step(-1);
      }
    });
    this.#state.setAttribute("role", "status");
    bar.append(
      form,
      this.#state,
      this.#button(say("Collapse all"), say("Collapse all"), () => this.#foldAll(true)),
      this.#button(say("Expand all"), say("Expand all"), () => this.#foldAll(false)),
      this.#button(say("Copy all"), say("Copy all"), (button) => this.#copy(button, this.#tree?.text ?? "")),
    );
    const foot = make("div", "jv-foot");
    foot.append(this.#path, this.#button(say("Copy path"), say("Copy path"), (button) => this.#copy(button, this.#path.textContent ?? "")));
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "tree");
    this.#box.setAttribute("aria-label", this.root.dataset.label ?? "");
    this.#space.append(this.#rows);
    this.#space.setAttribute("role", "presentation");
    this.#rows.setAttribute("role", "presentation");
    this.#box.append(this.#space);
    this.#box.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#box.addEventListener("keydown", (event) => this.#press(event));
    this.#box.addEventListener("click", (event) => this.#click(event));
    // As tall as the text needs, and not taller than the screen allows; folding does not move the page.
    this.#box.style.height = `min(60vh, 520px, ${(this.#tree?.shown.length ?? 0) * LINE + 18}px)`;
    new ResizeObserver(() => this.#draw()).observe(this.#box);
    const view = make("div", "jv");
    view.append(bar, this.#box, foot);
    this.root.append(view);
    this.root.classList.add("on");
  }

  #button(label: string, text: string, act: (button: HTMLButtonElement) => void): HTMLButtonElement {
    const button = make("button", "jv-button", text);
    button.type = "button";
    if (label !== text) button.setAttribute("aria-label", label);
    button.addEventListener("click", () => act(button));
    return button;
  }

  async #copy(button: HTMLButtonElement, text: string): Promise<void> {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return;
    }
    button.textContent = say("Copied");
    setTimeout(() => (button.textContent = before), 1500);
  }

  // -- drawing: rows in sight, as text nodes only ------------------------------

  #height(): number {
    return Math.min(TALLEST, (this.#tree?.shown.length ?? 0) * LINE);
  }

  /** The first shown line in sight; a text too tall for a browser is scrolled in larger steps. */
  #top(): number {
    const count = this.#tree?.shown.length ?? 0;
    const whole = count * LINE;
    if (whole <= TALLEST) return Math.floor(this.#box.scrollTop / LINE);
    const room = TALLEST - this.#box.clientHeight;
    return Math.floor((this.#box.scrollTop / room) * (count - this.#box.clientHeight / LINE));
  }

  #draw(): void {
    const tree = this.#tree;
    if (!tree) return;
    const height = this.#height();
    this.#space.style.height = `${height}px`;
    const count = tree.shown.length;
    const most = Math.ceil(this.#box.clientHeight / LINE) + 2;
    const top = Math.max(0, Math.min(this.#top(), count - 1));
    const rows: HTMLElement[] = [];
    for (let index = top; index < Math.min(count, top + most); index += 1) rows.push(this.#row(tree, index));
    this.#rows.replaceChildren(...rows);
    const offset = count * LINE <= TALLEST ? top * LINE : this.#box.scrollTop;
    this.#rows.style.transform = `translateY(${Math.min(offset, Math.max(0, height - rows.length * LINE))}px)`;
    this.#box.setAttribute("aria-activedescendant", `${this.#id}-${this.#active}`);
    const path = visible(tree.path(this.#active));
    if (this.#path.textContent !== path) this.#path.textContent = path;
  }

  #row(tree: Tree, index: number): HTMLElement {
    const { lines, text } = tree;
    const line = tree.shown[index] ?? 0;
    const flags = lines.flags[line] ?? 0, depth = lines.depth[line] ?? 0;
    const row = make("div", line === this.#active ? "jv-row active" : "jv-row");
    row.id = `${this.#id}-${line}`;
    row.dataset.line = String(line);
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", String(depth + 1));
    row.setAttribute("aria-selected", String(line === this.#active));
    row.append(make("span", "jv-number", numeral(line + 1)));
    const fold = make("span", "jv-fold");
    if (flags & OPENS) {
      row.setAttribute("aria-expanded", String(!tree.folded(line)));
      fold.textContent = tree.folded(line) ? "▸" : "▾";
    }
    row.append(fold);
    const body = make("span", "jv-body");
    body.style.paddingLeft = `${Math.min(depth, DEEPEST) * 14}px`;
    if (depth > DEEPEST) body.append(make("span", "jv-deep", `${depth} `));
    const keyFrom = lines.keyFrom[line] ?? 0, keyTo = lines.keyTo[line] ?? 0;
    if (keyTo > keyFrom) {
      body.append(this.#marked(text, keyFrom, keyTo, "jv-key"), ": ");
    }
    const from = lines.from[line] ?? 0, to = lines.to[line] ?? 0;
    body.append(this.#marked(text, from, to, kindOf(text, tree, line, from, flags)));
    if (flags & OPENS && tree.folded(line)) {
      const close = text[from] === "{" ? "}" : "]";
      const items = numeral(lines.items[line] ?? 0);
      const told = text[from] === "{" ? say("… {n} keys", { n: items }) : say("… {n} items", { n: items });
      body.append(make("span", "jv-told", ` ${told} `), close);
      if ((lines.flags[lines.end[line] ?? 0] ?? 0) & COMMA) body.append(",");
    } else if (flags & COMMA) body.append(",");
    row.append(body);
    return row;
  }

  /** Returns a piece of the text with its hits marked; nothing of it is read as markup. */
  #marked(text: string, from: number, to: number, kind: string): HTMLElement {
    const span = make("span", kind);
    const length = this.#input.value.length;
    let at = from;
    if (length && this.#places.length) {
      for (let hit = firstFrom(this.#places, from - length + 1); hit < this.#places.length; hit += 1) {
        const place = this.#places[hit] ?? 0;
        if (place >= to) break;
        const begin = Math.max(from, place), end = Math.min(to, place + length);
        if (end <= at) continue;
        if (begin > at) span.append(visible(text.slice(at, begin)));
        span.append(make("mark", hit === this.#place ? "here" : "", visible(text.slice(begin, end))));
        at = end;
      }
    }
    span.append(visible(text.slice(at, to)));
    return span;
  }

  // -- moving ------------------------------------------------------------------

  #show(line: number): void {
    const tree = this.#tree;
    if (!tree) return;
    tree.reveal(line);
    this.#active = line;
    const index = tree.indexOf(line), count = tree.shown.length;
    const rows = Math.floor(this.#box.clientHeight / LINE) - 1, top = this.#top();
    if (index < top || index >= top + rows) {
      const first = Math.max(0, index - (index < top ? 1 : rows - 2));
      this.#space.style.height = `${this.#height()}px`;
      const room = TALLEST - this.#box.clientHeight;
      this.#box.scrollTop = count * LINE <= TALLEST ? first * LINE : (first / (count - this.#box.clientHeight / LINE)) * room;
    }
    this.#draw();
  }

  #press(event: KeyboardEvent): void {
    const tree = this.#tree;
    if (!tree || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = tree.indexOf(this.#active), page = Math.max(1, Math.floor(this.#box.clientHeight / LINE) - 1);
    const to = (wanted: number) => this.#show(tree.shown[Math.max(0, Math.min(tree.shown.length - 1, wanted))] ?? 0);
    const moves: Record<string, () => void> = {
      ArrowDown: () => to(index + 1),
      ArrowUp: () => to(index - 1),
      PageDown: () => to(index + page),
      PageUp: () => to(index - page),
      Home: () => to(0),
      End: () => to(tree.shown.length - 1),
      ArrowRight: () => (tree.folded(this.#active) ? this.#toggle(this.#active) : to(index + 1)),
      ArrowLeft: () => (tree.opens(this.#active) && !tree.folded(this.#active) ? this.#toggle(this.#active) : this.#show(tree.parent(this.#active) ?? this.#active)),
      Enter: () => this.#toggle(this.#active),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }

  #click(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>(".jv-row");
    if (!row) return;
    this.#active = Number(row.dataset.line);
    if ((event.target as Element).closest(".jv-fold,.jv-told")) this.#toggle(this.#active);
    else this.#draw();
  }

  #toggle(line: number): void {
    const tree = this.#tree;
    if (!tree) return;
    tree.fold(line, !tree.folded(line));
    this.#draw();
  }

  #foldAll(folded: boolean): void {
    this.#tree?.foldAll(folded);
    this.#active = this.#tree?.shown[this.#tree.indexOf(this.#active)] ?? 0;
    this.#show(this.#active);
  }

  // -- searching -----------------------------------------------------------------

  #find(): void {
    this.#turn += 1;
    this.#places = new Uint32Array(0);
    this.#place = -1;
    const asked: ToReader = { kind: "find", needle: this.#input.value, turn: this.#turn };
    this.worker.postMessage(asked);
  }

  #step(by: number): void {
    const count = this.#places.length;
    if (!count) return;
    this.#place = (this.#place + by + count) % count;
    this.#goToPlace();
  }

  #goToPlace(): void {
    const count = this.#places.length, place = this.#places[this.#place];
    if (!this.#input.value) this.#state.textContent = "";
    else if (place === undefined) this.#state.textContent = say("No matches");
    else {
      const total = numeral(count) + (this.#more ? "+" : "");
      this.#state.textContent = say("{n} of {limit}", { n: numeral(this.#place + 1), limit: total });
    }
    if (place !== undefined && this.#tree) this.#show(this.#tree.lineAt(place));
    else this.#draw();
  }
}

function kindOf(text: string, tree: Tree, line: number, from: number, flags: number): string {
  let first = from, at = line;
  if (flags & GOES_ON) {
    while (at > 0 && (tree.lines.flags[at] ?? 0) & GOES_ON) at -= 1;
    first = tree.lines.from[at] ?? from;
  }
  const char = text[first] ?? "";
  if (char === '"') return "jv-string";
  if (/[-\d]/.test(char)) return "jv-number-value";
  return /[a-z]/i.test(char) ? "jv-word" : "jv-mark";
}

function firstFrom(places: Uint32Array, from: number): number {
  let low = 0, high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function load(root: HTMLElement, button: HTMLButtonElement, view: () => View): Promise<void> {
  const state = root.querySelector<HTMLElement>(".jv-load-state");
  const tell = (text: string) => {
    if (state) state.textContent = text;
  };
  button.disabled = true;
  tell(say("Loading…"));
  try {
    const answer = await fetch(root.dataset.stored ?? "");
    if (answer.status === 404) tell(say("This is no longer on the server."));
    else if (!answer.ok) throw new Error(String(answer.status));
    else {
      const bytes = await answer.arrayBuffer();
      tell("");
      view().read({ bytes });
      return;
    }
  } catch {
    tell(say("Loading failed; try again."));
  }
  button.disabled = false;
}

const views = new WeakMap<HTMLElement, View>();

/** Gives each stored text on the page its view; one that has it is left alone. */
export function viewStored(): void {
  const address = document.documentElement.dataset.jsonWorker;
  if (!address || typeof Worker === "undefined") return;
  for (const root of document.querySelectorAll<HTMLElement>(".stored:not([data-viewed])")) {
    root.dataset.viewed = "yes";
    // The same element may hold other bytes than before.
    views.get(root)?.end();
    const begin = () => {
      const view = new View(root, new Worker(address));
      views.set(root, view);
      return view;
    };
    const button = root.querySelector<HTMLButtonElement>("button.jv-load");
    if (button) button.addEventListener("click", () => void load(root, button, begin));
    else {
      const details = root.closest("details");
      const start = () => begin().read({ text: root.querySelector("pre")?.textContent ?? "" });
      if (!details || details.open) start();
      else details.addEventListener("toggle", start, { once: true });
    }
  }
}
