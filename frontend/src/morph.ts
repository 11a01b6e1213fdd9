// Puts a new fragment into the page: keeps focus, scroll, open details and a selection.
import { Idiomorph } from "idiomorph";

let waiting: (() => void) | null = null;
let seen = "";

function selecting(main: HTMLElement): boolean {
  const selection = getSelection();
  return !!selection && !selection.isCollapsed && main.contains(selection.anchorNode);
}

function kept(old: Node, fresh: Node): boolean {
  if (!(old instanceof HTMLElement) || old.dataset.kept === undefined) return false;
  return (fresh as HTMLElement).dataset?.kept === old.dataset.kept;
}

export function show(main: HTMLElement, html: string, digest: string, after: () => void): void {
  if (digest === seen) {
    waiting = null;
    return;
  }
  const apply = () => {
    waiting = null;
    seen = digest;
    // Parsed apart, in a document where nothing runs or loads.
    const parsed = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html");
    const fresh = parsed.querySelector("main");
    if (!fresh) return;
    Idiomorph.morph(main, [...fresh.childNodes], {
      morphStyle: "innerHTML",
      callbacks: {
        // A form that somebody may be filling in, or a view of the same bytes, stays as it is.
        beforeNodeMorphed: (old: Node, fresh: Node) => !kept(old, fresh),
        // A fold stays as somebody left it; one that is being added is still without content.
        beforeAttributeUpdated: (name: string, node: Element) =>
          !(name === "open" && node.nodeName === "DETAILS" && node.hasChildNodes()) && name !== "data-done",
      },
    });
    after();
  };
  if (selecting(main)) waiting = apply;
  else apply();
}

document.addEventListener("selectionchange", () => {
  const main = document.getElementById("live");
  if (waiting && main && !selecting(main)) waiting();
});
