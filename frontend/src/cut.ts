// Text that is cut off for want of room is told whole by a title.
const CUT = ".args,.err,.kind>*,.errtype,.jid a,.me span,.badge,.agent,.server,.sub";
const MARK = "data-cut";

// The titles that stand here are ours; others say something else, and stay.
function told(node: Element): boolean {
  return node.hasAttribute("title") && !node.hasAttribute(MARK);
}

/** Whether an attribute of an element was put there by ``showCut``. */
export function ofCut(node: Element, name: string): boolean {
  return name === MARK || (name === "title" && node.hasAttribute(MARK));
}

/** Call when the page has changed: what is cut off now has a title. */
export function showCut(): void {
  const nodes = [...document.querySelectorAll<HTMLElement>(CUT)].filter((node) => !told(node));
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
  showCut();
  let due = 0;
  window.addEventListener("resize", () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(showCut);
  });
}
