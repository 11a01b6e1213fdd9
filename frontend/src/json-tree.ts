// The lines of a stored text that are in sight: which are folded away, where a line is, what it is called.
import { CLOSES, GOES_ON, OPENS, type Lines } from "./json-lines.js";

export class Tree {
  /** The lines that are not folded away, by their number. */
  shown: Uint32Array;
  #folded: Uint8Array;

  constructor(
    readonly text: string,
    readonly lines: Lines,
    readonly root: string,
  ) {
    this.#folded = new Uint8Array(lines.from.length);
    this.shown = new Uint32Array(0);
    this.#lay();
  }

  opens(line: number): boolean {
    return ((this.lines.flags[line] ?? 0) & OPENS) !== 0;
  }

  folded(line: number): boolean {
    return this.#folded[line] === 1;
  }

  fold(line: number, folded: boolean): void {
    if (!this.opens(line)) return;
    this.#folded[line] = folded ? 1 : 0;
    this.#lay();
  }

  /** Folds or unfolds everything but the outermost container. */
  foldAll(folded: boolean): void {
    for (let line = 0; line < this.#folded.length; line += 1) {
      this.#folded[line] = folded && this.opens(line) && (this.lines.depth[line] ?? 0) > 0 ? 1 : 0;
    }
    this.#lay();
  }

  /** Opens whatever hides a line. */
  reveal(line: number): void {
    let hidden = false;
    for (let at = this.parent(line); at !== null; at = this.parent(at)) {
      if (this.#folded[at]) hidden = true;
      this.#folded[at] = 0;
    }
    if (hidden) this.#lay();
  }

  /** The line that a place of the text is on. */
  lineAt(place: number): number {
    return last(this.lines.from.length, (line) => this.start(line) <= place);
  }

  /** Where a line's own text begins. */
  start(line: number): number {
    return Math.min(this.lines.keyFrom[line] ?? 0, this.lines.from[line] ?? 0);
  }

  /** Which of the shown lines a line is, or the nearest before it. */
  indexOf(line: number): number {
    return last(this.shown.length, (index) => (this.shown[index] ?? 0) <= line);
  }

  /** The line that opens what a line is in, or null. */
  parent(line: number): number | null {
    const depth = this.lines.depth[line] ?? 0;
    const inside = (this.lines.flags[line] ?? 0) & CLOSES ? depth : depth - 1;
    if (inside < 0) return null;
    for (let at = line - 1; at >= 0; at -= 1) {
      if (this.opens(at) && this.lines.depth[at] === inside) return at;
    }
    return null;
  }

  /** The path of a line, as the search word `args.…` takes it. */
  path(line: number): string {
    const steps: string[] = [];
    let at: number | null = line;
    while (at !== null && steps.length < 50) {
      if ((this.lines.flags[at] ?? 0) & CLOSES) at = this.parent(at);
      while (at !== null && (this.lines.flags[at] ?? 0) & GOES_ON) at -= 1;
      if (at === null) break;
      const parent: number | null = this.parent(at);
      if (parent !== null) steps.push(this.#step(at, parent));
      at = parent;
    }
    if (this.root) steps.push(this.root);
    return steps.reverse().join(".");
  }

  #step(line: number, parent: number): string {
    const { keyFrom, keyTo } = this.lines;
    const from = keyFrom[line] ?? 0, to = keyTo[line] ?? 0;
    if (to > from) {
      const written = this.text.slice(from, to);
      let name = written.slice(1, -1);
      try {
        name = JSON.parse(written) as string;
      } catch {
        // A key that no parser takes is named as it is written.
      }
      return /^[\w$-]+$/.test(name) ? name : '"' + name.replace(/[\\"]/g, "\\$&") + '"';
    }
    let index = 0;
    for (let at = parent + 1; at < line; at += 1) {
      if (this.lines.flags[at]! & GOES_ON) continue;
      index += 1;
      if (this.opens(at)) at = this.lines.end[at] ?? at;
    }
    return String(index);
  }

  #lay(): void {
    const shown = new Uint32Array(this.#folded.length);
    let count = 0;
    for (let line = 0; line < this.#folded.length; line += 1) {
      shown[count++] = line;
      if (this.#folded[line]) line = Math.max(line, this.lines.end[line] ?? line);
    }
    this.shown = shown.slice(0, count);
  }
}

/** Returns the last of `count` numbers for which `holds` is true; it holds up to some number. */
function last(count: number, holds: (index: number) => boolean): number {
  let low = 0, high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
