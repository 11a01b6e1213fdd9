// What tabs and the shared worker say to each other, and what the stream says.
export interface Fault {
  since: string;
  detail: string;
  remedy: string;
}
export type ToWorker =
  | { kind: "hello"; feed: string; topic: string }
  | { kind: "pong" }
  | { kind: "bye" };
export type ToTab =
  | { kind: "fragment"; html: string; digest: string }
  | { kind: "tick"; checkedAt: number | null; age: number | null; fault: Fault | null }
  | { kind: "gone" }
  | { kind: "offline" }
  | { kind: "ping" };
