// One event stream of a feed (a feed's address, language included) for a set of topics; opens again by itself, slower each time.
import type { Fault, Fragment, Patch, ToTab, Tick } from "./messages.js";
import { Page } from "./page.js";

export const MAX_TOPICS = 16;

export class Stream {
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #topics: string[] = [];
  #pages = new Map<string, Page>();
  #failures = 0;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly feed: string,
    readonly tell: (topic: string | null, message: ToTab) => void,
  ) {}

  /** Follow exactly these topics; none closes the stream. */
  follow(topics: string[]): void {
    const wanted = [...new Set(topics)].slice(-MAX_TOPICS).sort();
    for (const topic of this.#pages.keys()) if (!wanted.includes(topic)) this.#pages.delete(topic);
    if (wanted.join("\n") === this.#topics.join("\n") && (this.#source || !wanted.length)) return;
    this.#topics = wanted;
    this.#later(50);
  }

  /** A topic's whole page, if it is known. */
  whole(topic: string): Fragment | null {
    return this.#pages.get(topic)?.whole() ?? null;
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    this.#source?.close();
    this.#source = null;
    this.#topics = [];
    this.#pages.clear();
  }

  #later(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  #open(): void {
    const old = this.#source;
    this.#source = null;
    old?.close();
    if (!this.#topics.length) return this.close();
    const query = this.#topics.map((topic) => "topic=" + encodeURIComponent(topic)).join("&");
    const source = new EventSource(`${this.feed}&${query}`);
    this.#source = source;
    source.addEventListener("tick", (event) => this.#tick(JSON.parse(event.data as string)));
    for (const kind of ["fragment", "patch"] as const) {
      source.addEventListener(kind, (event) => this.#change({ ...JSON.parse(event.data as string), kind }));
    }
    source.addEventListener("gone", (event) => {
      this.tell((JSON.parse(event.data as string) as { topic: string }).topic, { kind: "gone" });
    });
    source.addEventListener("other", (event) => {
      const { person } = JSON.parse(event.data as string) as { person: string };
      this.#source?.close();
      this.#source = null;
      clearTimeout(this.#quiet);
      this.#pages.clear();
      this.tell(null, { kind: "other", person });
      // Who was signed out may sign in again.
      this.#later(10_000);
    });
    source.onopen = () => this.#watch();
    source.onerror = () => this.#lost();
    this.#watch();
  }

  #change({ topic, ...message }: (Fragment | Patch) & { topic: string }): void {
    let page = this.#pages.get(topic);
    if (!page) this.#pages.set(topic, (page = new Page()));
    if (page.take(message)) this.tell(topic, message);
    // Never expected; a new stream begins with whole pages.
    else this.#later(500);
  }

  #tick(data: Partial<Omit<Tick, "kind" | "checkedAt">> & { checked_at?: number | null }): void {
    this.#failures = 0;
    this.#watch();
    this.tell(null, {
      kind: "tick",
      checkedAt: data.checked_at ?? null,
      age: data.age ?? null,
      fault: data.fault ?? null,
      older: data.older ?? {},
    });
  }

  // A stream that says nothing for 10 s is lost, although no error was reported.
  #watch(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#lost(), 10_000);
  }

  #lost(): void {
    clearTimeout(this.#quiet);
    this.#source?.close();
    this.#source = null;
    this.tell(null, { kind: "offline" });
    this.#failures += 1;
    this.#later(Math.min(15_000, 500 * 2 ** Math.min(this.#failures, 5)) * (0.75 + Math.random() / 2));
  }
}
