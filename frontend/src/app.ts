// Starts the page: controls, ticking times, live data.
import { askAgain } from "./again.js";
import { base } from "./base.js";
import { connect } from "./connect.js";
import { listen } from "./controls.js";
import { showCut, watchCut } from "./cut.js";
import { listenToFields } from "./filled.js";
import { follow } from "./follow.js";
import { listenToKeys } from "./keys.js";
import type { Fault, ToTab } from "./messages.js";
import { viewStored } from "./json-view.js";
import { offerPasskeys } from "./passkeys.js";
import { rememberPlace } from "./place.js";
import { listenToPicks, showPicks } from "./picks.js";
import { showProgress } from "./progress.js";
import { Shown } from "./shown.js";
import { becomes, listenToSignedOut, showOther } from "./signed.js";
import { fill, tick } from "./times.js";
import { absolute, numeral, relative, say } from "./words.js";

const root = document.documentElement;
const main = document.getElementById("live");
const indicator = document.getElementById("indicator");
const banner = document.getElementById("banner");
const hold = document.getElementById("hold");
const waiting = document.getElementById("waiting");

let state: "wait" | "live" | "fault" | "offline" = indicator?.dataset.state === "fault" ? "fault" : "wait";
let checkedAt = Number(indicator?.dataset.checkedAt ?? NaN);
let fault: Fault | null = null;
// Server time minus our time: relative times are right although a clock is wrong.
let skew = 0;
let gone = false;
// When what is shown was true, while somebody holds it.
let heldAt = NaN;

const now = () => Date.now() / 1000 + skew;

function put(node: Element | null | undefined, text: string): void {
  if (node && node.textContent !== text) node.textContent = text;
}

function status(): void {
  if (!indicator || !banner) return;
  const held = state === "live" && !!shown?.held;
  const at = held ? heldAt : checkedAt;
  const age = Number.isNaN(at) ? "–" : relative(Math.min(at, now()), now());
  indicator.dataset.state = held ? "held" : state;
  // For paper, where no time passes.
  if (!Number.isNaN(checkedAt)) indicator.dataset.asOf = say("as of {time}", { time: absolute(checkedAt) });
  const words = { wait: say("Connecting…"), live: say("Live · updated {age}", { age }), fault: say("Server unreachable"), offline: say("Offline") };
  put(indicator.querySelector("span"), held ? say("Held · as of {age}", { age }) : words[state]);
  if (showOther(banner)) return;
  // The banner is read aloud when it changes: it holds fixed times, not ticking ones.
  const since = Number.isNaN(checkedAt) ? "–" : absolute(checkedAt);
  if (state === "offline") put(banner, say("Connection to Glasshouse lost — showing data from {age}.", { age: since }));
  else if (gone) put(banner, say("This is no longer on the server. You see its last known state."));
  else if (state === "fault" && fault) {
    const nothing = main?.querySelector(".panel.error")
      ? "Server unreachable since {since}."
      : Number.isNaN(checkedAt) && "Server unreachable since {since} — no data yet.";
    const text = nothing || "Server unreachable since {since} — showing the last known data from {age}.";
    const told = say(text, { since: absolute(Date.parse(fault.since) / 1000), age: since });
    put(banner, `${told} ${say(fault.detail)} ${say(fault.remedy)}`);
  }
  if (state !== "wait") banner.hidden = state === "live" && !gone;
}

// Beside the navigation, which stays while the page changes.
const counters = document.querySelectorAll<HTMLElement>("nav [data-count]");

function counts(): void {
  const facts = document.getElementById("facts");
  for (const node of counters) {
    const count = facts?.dataset[node.dataset.count ?? ""];
    if (count !== undefined) put(node, count);
  }
}

let again = () => {};
function told(): void {
  counts();
  showPicks();
  viewStored();
  showCut();
}
const shown = main && new Shown(main, (root) => fill(root, now()), told, () => again(), wait);

function wait(count: number): void {
  put(waiting, count ? say("{n} pending", { n: numeral(count) }) : "");
}

hold?.addEventListener("click", () => {
  if (!shown) return;
  heldAt = checkedAt;
  shown.hold(!shown.held);
  hold.setAttribute("aria-pressed", String(shown.held));
  status();
});

function hear(message: ToTab): void {
  if (message.kind === "other") {
    state = "offline";
    becomes(message.person);
  } else if (message.kind === "tick") {
    becomes(null);
    if (message.checkedAt !== null) {
      const held = message.older[main?.dataset.topic ?? ""];
      // A page is as old as the oldest of what is on it.
      if (held === undefined) checkedAt = message.checkedAt;
      else if (held !== null) checkedAt = held || NaN;
      if (message.age !== null) skew = message.checkedAt + message.age - Date.now() / 1000;
    }
    fault = message.fault;
    state = fault ? "fault" : "live";
  } else if (message.kind === "offline") state = "offline";
  else if (message.kind === "gone") gone = true;
  else if ((message.kind === "fragment" || message.kind === "patch") && shown) {
    gone = false;
    shown.show(message);
  }
  status();
}

// A page that answers a form is under the form's address: its own is the one to load, and to go back to.
if (root.dataset.posted && main?.dataset.topic) history.replaceState(null, "", base + main.dataset.topic);
listen();
listenToSignedOut();
offerPasskeys();
listenToKeys();
listenToPicks();
listenToFields();
follow();
showProgress();
tick(now());
viewStored();
rememberPlace();
askAgain();
watchCut();
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
setInterval(() => {
  tick(now());
  status();
}, 1000);
if (root.dataset.live === "yes" && main) {
  const feed = `${base}/${encodeURIComponent(root.dataset.server ?? "")}/live?lang=${encodeURIComponent(root.lang)}&as=${root.dataset.as ?? ""}`;
  hold?.removeAttribute("disabled");
  again = connect(feed, main.dataset.topic ?? "", root.dataset.worker ?? "", hear);
}
