// The shared worker: holds one event stream per feed (a server in a language) for all tabs of this browser.
import type { ToTab, ToWorker } from "./messages.js";
import { Stream } from "./stream.js";

interface Tab {
  port: MessagePort;
  feed: string;
  topic: string;
  seen: number;
}

const tabs = new Map<MessagePort, Tab>();
const streams = new Map<string, Stream>();
const gone = new Set<string>();
const SILENT = 45_000;

function follow(feed: string): void {
  const topics = [...tabs.values()].filter((tab) => tab.feed === feed).map((tab) => tab.topic);
  let stream = streams.get(feed);
  if (!stream) {
    if (!topics.length) return;
    stream = new Stream(feed, (topic, message) => relay(feed, topic, message));
    streams.set(feed, stream);
  }
  for (const key of gone) {
    if (key.startsWith(feed + " ") && !topics.includes(key.slice(feed.length + 1))) gone.delete(key);
  }
  if (topics.length) return stream.follow(topics);
  stream.close();
  streams.delete(feed);
}

function relay(feed: string, topic: string | null, message: ToTab): void {
  if (topic !== null) gone[message.kind === "gone" ? "add" : "delete"](`${feed} ${topic}`);
  for (const tab of tabs.values()) {
    if (tab.feed === feed && (topic === null || tab.topic === topic)) tab.port.postMessage(message);
  }
}

function leave(port: MessagePort): void {
  const tab = tabs.get(port);
  tabs.delete(port);
  if (tab) follow(tab.feed);
}

// A page that another tab follows already is known here; the stream does not repeat it.
function tellAgain({ port, feed, topic }: Tab): void {
  const known = streams.get(feed)?.whole(topic);
  if (known) port.postMessage(known);
  if (gone.has(`${feed} ${topic}`)) port.postMessage({ kind: "gone" } satisfies ToTab);
}

function hear(port: MessagePort, message: ToWorker): void {
  const tab = tabs.get(port);
  if (tab) tab.seen = Date.now();
  if (message.kind === "bye") leave(port);
  if (message.kind === "again" && tab) tellAgain(tab);
  if (message.kind !== "hello") return;
  tabs.delete(port);
  const here = { port, feed: message.feed, topic: message.topic, seen: Date.now() };
  tabs.set(port, here);
  if (tab && tab.feed !== message.feed) follow(tab.feed);
  tellAgain(here);
  follow(message.feed);
}

setInterval(() => {
  for (const tab of [...tabs.values()]) {
    if (Date.now() - tab.seen > SILENT) leave(tab.port);
    else tab.port.postMessage({ kind: "ping" } satisfies ToTab);
  }
}, 10_000);

(self as unknown as SharedWorkerGlobalScope).onconnect = (event: MessageEvent) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (said: MessageEvent) => hear(port, said.data as ToWorker);
};
