// The whole of a page as the stream tells it, kept up to date from its changes; for tabs that come later or missed something.
import type { Fragment, Patch } from "./messages.js";

export class Page {
  #pieces: (string | [id: string])[] = [];
  #parts = new Map<string, string>();
  #digest: string | null = null;

  /** Take a change; false: it does not fit what is known, and the whole page is needed. */
  take(message: Fragment | Patch): boolean {
    if (message.base !== null && message.base !== this.#digest) return false;
    this.#digest = message.digest;
    if (message.kind === "patch") {
      for (const [id, html] of message.parts) this.#parts.set(id, html);
      return true;
    }
    const parts = new Map<string, string>();
    this.#pieces = message.pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      parts.set(piece[0], piece[1] ?? this.#parts.get(piece[0]) ?? "");
      return [piece[0]];
    });
    this.#parts = parts;
    return true;
  }

  /** Which edition this is, or null when nothing is known. */
  get digest(): string | null {
    return this.#digest;
  }

  /** The rows of tables and lists, by their ids. */
  rows(): Map<string, string> {
    return new Map([...this.#parts].filter(([, html]) => /^<(tr|tbody|li) /.test(html)));
  }

  /** The page as if it came whole, or null when nothing is known of it. */
  whole(): Fragment | null {
    if (this.#digest === null) return null;
    const pieces = this.#pieces.map((piece): string | [string, string] =>
      typeof piece === "string" ? piece : [piece[0], this.#parts.get(piece[0]) ?? ""],
    );
    return { kind: "fragment", base: null, digest: this.#digest, pieces };
  }
}
