// A tab's side of the live data: through the shared worker, or alone while visible.
import type { ToTab, ToWorker } from "./messages.js";
import { Stream } from "./stream.js";

/** Connect; returns how to ask for the whole page again. */
export function connect(feed: string, topic: string, worker: string, hear: (message: ToTab) => void): () => void {
  if (typeof SharedWorker === "undefined" || !worker) return alone(feed, topic, hear);
  let port: MessagePort;
  const say = (message: ToWorker) => port.postMessage(message);
  const open = () => {
    const shared = new SharedWorker(worker, { name: "glasshouse-live" });
    port = shared.port;
    port.onmessage = (event: MessageEvent) => {
      const message = event.data as ToTab;
      if (message.kind === "ping") say({ kind: "pong" });
      else hear(message);
    };
    say({ kind: "hello", feed, topic });
  };
  open();
  window.addEventListener("pagehide", () => say({ kind: "bye" }));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  // A tab that was frozen may have been given up: say hello again when it is looked at.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) say({ kind: "hello", feed, topic });
  });
  return () => say({ kind: "again" });
}

function alone(feed: string, topic: string, hear: (message: ToTab) => void): () => void {
  let stream: Stream | null = null;
  const update = (visible: boolean) => {
    if (!visible) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new Stream(feed, (_, message) => hear(message));
      stream.follow([topic]);
    }
  };
  update(!document.hidden);
  document.addEventListener("visibilitychange", () => update(!document.hidden));
  window.addEventListener("pagehide", () => update(false));
  window.addEventListener("pageshow", () => update(!document.hidden));
  return () => {
    const known = stream?.whole(topic);
    if (known) hear(known);
  };
}
