// Text that is cut off for want of room is told whole by a title.
const CUT = ".args,.err,.kind>*,.errtype,.jid a,.me span,.badge,.agent,.server,.sub,.about>.type";
const MARK = "data-cut";

// The titles that stand here are ours; others say something else, and stay.
function told(node: Element): boolean {
  return node.hasAttribute("title") && !node.hasAttribute(MARK);
}

/** Whether an attribute of an element was put there by ``showCut``. */
export function ofCut(node: Element, name: string): boolean {
  return name === MARK || (name === "title" && node.hasAttribute(MARK));
}

let observer: MutationObserver | undefined;
let due = 0;
// Milliseconds from a change on until all of the page is gone through: a column may have become narrower.
const ALL = 4000;

/** Call when the page has changed: what is cut off of what changed has a title now, anything else soon. */
export function showCut(): void {
  const changed = new Set<HTMLElement>();
  const add = (node: Element | null | undefined) => {
    const cut = node?.closest<HTMLElement>(CUT);
    if (cut) changed.add(cut);
  };
  for (const { target, addedNodes } of observer?.takeRecords() ?? []) {
    add(target instanceof Element ? target : target.parentElement);
    for (const node of addedNodes) {
      if (!(node instanceof Element) || !node.isConnected) continue;
      add(node);
      for (const inner of node.querySelectorAll<HTMLElement>(CUT)) changed.add(inner);
    }
  }
  mark(changed);
  due ||= window.setTimeout(showAll, ALL);
}

function showAll(): void {
  window.clearTimeout(due);
  due = 0;
  observer?.takeRecords();
  mark(document.querySelectorAll<HTMLElement>(CUT));
}

function mark(all: Iterable<HTMLElement>): void {
  // What a closed fold holds is not laid out, and would be, only to be measured.
  const nodes = [...all].filter((node) => node.isConnected && !told(node) && node.checkVisibility());
  // All are looked at before one is changed: the browser lays the page out once.
  const cut = nodes.map((node) => node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 2);
  nodes.forEach((node, index) => {
    if (cut[index] && getComputedStyle(node).overflow !== "visible") {
      const text = node.textContent.trim();
      if (node.title !== text) node.title = text;
      node.setAttribute(MARK, "");
    } else if (node.hasAttribute(MARK)) {
      node.removeAttribute("title");
      node.removeAttribute(MARK);
    }
  });
}

export function watchCut(): void {
  const main = document.querySelector("main");
  // Its records are taken when the page has changed; it calls nothing by itself.
  observer = new MutationObserver(() => {});
  if (main) observer.observe(main, { childList: true, characterData: true, subtree: true });
  showAll();
  let frame = 0;
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(showAll);
  };
  window.addEventListener("resize", soon);
  // A fold that opens; the event does not bubble.
  document.addEventListener("toggle", soon, true);
}
