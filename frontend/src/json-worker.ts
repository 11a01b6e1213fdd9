// Cuts stored JSON into lines and searches it, off the page's own thread.
import { linesOf, partOf, placesOf, textOf, type Lines } from "./json-lines.js";

export type ToReader =
  | { kind: "read"; bytes?: ArrayBuffer; text?: string; part: string; wrap: number }
  | { kind: "find"; needle: string; turn: number };
export type FromReader = { kind: "read"; text: string; lines: Lines } | { kind: "found"; places: Uint32Array; more: boolean; turn: number };

const MOST = 100_000;
let text = "";

self.onmessage = (event: MessageEvent) => {
  const asked = event.data as ToReader;
  if (asked.kind === "read") {
    const whole = asked.bytes ? textOf(new Uint8Array(asked.bytes)) : (asked.text ?? "");
    const [from, to] = partOf(whole, asked.part);
    text = whole.slice(from, to).trim();
    const lines = linesOf(text, asked.wrap);
    const moved = Object.values(lines).map((column: { buffer: ArrayBufferLike }) => column.buffer as ArrayBuffer);
    (self as unknown as Worker).postMessage({ kind: "read", text, lines } satisfies FromReader, moved);
    return;
  }
  const places = placesOf(text, asked.needle, MOST + 1);
  const answer: FromReader = { kind: "found", places: places.slice(0, MOST), more: places.length > MOST, turn: asked.turn };
  (self as unknown as Worker).postMessage(answer);
};
