// What tabs and the shared worker say to each other, and what the stream says.
export interface Fault {
  since: string;
  detail: string;
  remedy: string;
}
// Text between parts; a part's id with its text; or the id alone of a part that has not changed.
export type Piece = string | [id: string, html: string] | [id: string];
// A page anew; with a base it names the parts that the base has already.
export interface Fragment {
  kind: "fragment";
  base: string | null;
  digest: string;
  pieces: Piece[];
}
// Only some parts of the base are different.
export interface Patch {
  kind: "patch";
  base: string;
  digest: string;
  parts: [id: string, html: string][];
}
export type ToWorker =
  | { kind: "hello"; feed: string; topic: string }
  // The tab missed something: it asks for the whole page.
  | { kind: "again" }
  | { kind: "pong" }
  | { kind: "bye" };
// How the server is, and which pages show something older: since when, or null where that did not change.
export interface Tick {
  kind: "tick";
  checkedAt: number | null;
  age: number | null;
  fault: Fault | null;
  older: Record<string, number | null>;
}
export type ToTab =
  | Fragment
  | Patch
  | Tick
  | { kind: "gone" }
  | { kind: "offline" }
  // Somebody else asks than the page is for: nothing more of it is told.
  | { kind: "other"; person: string }
  | { kind: "ping" };
