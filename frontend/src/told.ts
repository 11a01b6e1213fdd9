// A word about what was just done, seen and read aloud; it goes by itself.
let going = 0;

export function tell(text: string): void {
  const node = document.getElementById("told");
  if (!node) return;
  node.textContent = text;
  clearTimeout(going);
  going = window.setTimeout(() => (node.textContent = ""), 3000);
}
