// Stored JSON cut into the lines of an indented view, token by token, without recursion and without
// changing a character. Text that is no JSON becomes lines all the same.
export interface Lines {
  /** Where each line's key begins and ends; equal when it has none. */
  keyFrom: Uint32Array;
  keyTo: Uint32Array;
  /** Where each line's value (or bracket, or piece of a long value) begins and ends. */
  from: Uint32Array;
  to: Uint32Array;
  depth: Uint16Array;
  flags: Uint8Array;
  /** The line of the closing bracket, for a line that opens one. */
  end: Uint32Array;
  /** How many items the container that opens here holds. */
  items: Uint32Array;
}

export const OPENS = 1;
export const CLOSES = 2;
export const COMMA = 4;
export const GOES_ON = 8;

const SPACE = /[ \t\r\n]*/y;
const WORD = /[^\s{}[\],:"]+/y;
const TURNS = 0xffff;

/** Returns where the token that begins at `start` ends; a string may be megabytes long. */
function tokenEnd(text: string, start: number): number {
  const first = text[start] ?? "";
  if (first === '"') {
    for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
      let slashes = 0;
      while (text[at - 1 - slashes] === "\\") slashes += 1;
      if (slashes % 2 === 0) return at + 1;
    }
    return text.length;
  }
  if ("{}[],:".includes(first)) return start + 1;
  WORD.lastIndex = start;
  WORD.exec(text);
  return Math.max(start + 1, WORD.lastIndex);
}

class Column<A extends Uint32Array | Uint16Array | Uint8Array> {
  #array: A;
  constructor(readonly make: new (size: number) => A) {
    this.#array = new make(1024);
  }
  set(index: number, value: number): void {
    if (index >= this.#array.length) {
      const larger = new this.make(this.#array.length * 2);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[index] = value;
  }
  get(index: number): number {
    return this.#array[index] ?? 0;
  }
  cut(length: number): A {
    return this.#array.slice(0, length) as A;
  }
}

/** Returns the lines of `text`, of which values longer than `wrap` characters take several. */
export function linesOf(text: string, wrap: number): Lines {
  const column = (make: new (size: number) => Uint32Array) => new Column(make);
  const keyFrom = column(Uint32Array), keyTo = column(Uint32Array), from = column(Uint32Array), to = column(Uint32Array);
  const end = column(Uint32Array), items = column(Uint32Array);
  const depths = new Column(Uint16Array), flags = new Column(Uint8Array);
  const open: number[] = [];
  let count = 0, position = 0, key: [number, number] | null = null;

  const line = (start: number, stop: number, flag: number) => {
    keyFrom.set(count, key ? key[0] : start);
    keyTo.set(count, key ? key[1] : start);
    from.set(count, start);
    to.set(count, stop);
    depths.set(count, Math.min(open.length, TURNS));
    flags.set(count, flag);
    end.set(count, 0);
    items.set(count, 0);
    key = null;
    count += 1;
  };
  const value = (start: number, stop: number) => {
    const parent = open[open.length - 1];
    if (parent !== undefined) items.set(parent, items.get(parent) + 1);
    for (let at = start, first = true; at < stop || first; first = false) {
      let next = Math.min(stop, at + wrap);
      const code = text.charCodeAt(next - 1);
      if (next < stop && code >= 0xd800 && code < 0xdc00) next += 1;
      line(at, next, first ? 0 : GOES_ON);
      at = next;
    }
  };

  while (position < text.length) {
    SPACE.lastIndex = position;
    SPACE.exec(text);
    position = SPACE.lastIndex;
    if (position >= text.length) break;
    const start = position;
    position = tokenEnd(text, start);
    const first = text[start];
    if (first === "{" || first === "[") {
      const parent = open[open.length - 1];
      if (parent !== undefined) items.set(parent, items.get(parent) + 1);
      line(start, position, OPENS);
      open.push(count - 1);
    } else if (first === "}" || first === "]") {
      const begun = open.pop();
      if (begun === count - 1) {
        // Nothing is in it: both brackets stand on one line.
        to.set(begun, position);
        flags.set(begun, 0);
      } else {
        if (begun !== undefined) end.set(begun, count);
        line(start, position, CLOSES);
      }
    } else if (first === ",") {
      if (count) flags.set(count - 1, flags.get(count - 1) | COMMA);
    } else if (first === ":") {
      if (key === null && count) to.set(count - 1, position);
    } else {
      SPACE.lastIndex = position;
      SPACE.exec(text);
      if (first === '"' && text[SPACE.lastIndex] === ":" && text[open.length ? from.get(open[open.length - 1] ?? 0) : 0] === "{") {
        key = [start, position];
        position = SPACE.lastIndex + 1;
      } else value(start, position);
    }
  }
  for (const begun of open) end.set(begun, count ? count - 1 : 0);
  return {
    keyFrom: keyFrom.cut(count), keyTo: keyTo.cut(count), from: from.cut(count), to: to.cut(count),
    depth: depths.cut(count), flags: flags.cut(count), end: end.cut(count), items: items.cut(count),
  };
}

/** Returns where the value of a top-level member begins and ends, or the whole text. */
export function partOf(text: string, name: string): [number, number] {
  if (!name) return [0, text.length];
  const wanted = JSON.stringify(name);
  let position = 0, depth = 0, start = -1, found: [number, number] = [0, text.length], atKey = false;
  while (position < text.length) {
    SPACE.lastIndex = position;
    SPACE.exec(text);
    position = SPACE.lastIndex;
    if (position >= text.length) break;
    const begin = position;
    position = tokenEnd(text, begin);
    const first = text[begin];
    if (first === "{" || first === "[") depth += 1;
    if (start < 0 && depth === 1 && first === ":" && atKey) start = position;
    atKey = depth === 1 && start < 0 && text.slice(begin, position) === wanted;
    if (first === "}" || first === "]") depth -= 1;
    if (start >= 0 && ((depth === 1 && first === ",") || depth === 0)) {
      found = [start, begin];
      start = -1;
    }
  }
  return found;
}

/** Returns where `needle` occurs in `text`, in either case, at most `most` places. */
export function placesOf(text: string, needle: string, most: number): Uint32Array {
  const places: number[] = [];
  const lower = (from: string) => {
    const whole = from.toLowerCase();
    return whole.length === from.length ? whole : from.replace(/[A-Z]/g, (char) => char.toLowerCase());
  };
  const within = lower(text);
  const escaped = needle.replace(/[^\x20-\x7e]/g, (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"));
  for (const wanted of new Set([lower(needle), lower(escaped)])) {
    let at = wanted ? within.indexOf(wanted) : -1;
    while (at >= 0 && places.length < most) {
      places.push(at);
      at = within.indexOf(wanted, at + wanted.length);
    }
  }
  return Uint32Array.from(places.sort((one, other) => one - other));
}

/** Returns bytes as text; bytes that are no UTF-8 appear as `\xNN`. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Byte by byte where needed: pieces between line ends or commas are tried first.
    return lenient(bytes, 0, bytes.length);
  }
}

function lenient(bytes: Uint8Array, start: number, stop: number): string {
  const pieces: string[] = [];
  const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const size = 4096;
  for (let at = start; at < stop; ) {
    let next = Math.min(stop, at + size);
    while (next < stop && next > at + 1 && ((bytes[next] ?? 0) & 0xc0) === 0x80) next -= 1;
    try {
      pieces.push(fatal.decode(bytes.subarray(at, next)));
    } catch {
      for (let one = at; one < next; ) one = single(bytes, one, next, fatal, pieces);
    }
    at = next;
  }
  return pieces.join("");
}

function single(bytes: Uint8Array, at: number, stop: number, fatal: TextDecoder, pieces: string[]): number {
  for (const length of [1, 2, 3, 4]) {
    if (at + length > stop) break;
    try {
      pieces.push(fatal.decode(bytes.subarray(at, at + length)));
      return at + length;
    } catch {
      // Not whole yet, or no character at all.
    }
  }
  pieces.push("\\x" + (bytes[at] ?? 0).toString(16).padStart(2, "0"));
  return at + 1;
}
