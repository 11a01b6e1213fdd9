// Buttons and keys: theme, copying, the list of keys, moving between pages.
import { say } from "./words.js";

function toggleTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Storage is forbidden: the choice lasts for this page.
  }
}

async function copy(button: HTMLElement, text = button.dataset.copy ?? ""): Promise<void> {
  const title = button.title;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return;
  }
  button.dataset.done = "yes";
  button.title = say("Copied");
  setTimeout(() => {
    delete button.dataset.done;
    button.title = title;
  }, 1500);
}

function keys(): void {
  const dialog = document.getElementById("keys") as HTMLDialogElement | null;
  if (dialog && !dialog.open) dialog.showModal();
}

let going = 0;

function press(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input,textarea,select,[contenteditable],dialog")) return;
  if (event.key === "?") return keys();
  if (event.key === "g") {
    going = Date.now();
    return;
  }
  if (Date.now() - going > 1500 || !/^[a-z]$/.test(event.key)) return;
  going = 0;
  document.querySelector<HTMLAnchorElement>(`nav a[data-key="${event.key}"]`)?.click();
}

export function listen(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("button");
    const from = button?.dataset.copyFrom;
    if (button && from) void copy(button, document.getElementById(from)?.textContent ?? "");
    else if (button?.dataset.copy !== undefined) void copy(button);
    else if (button?.dataset.action === "theme") toggleTheme();
    else if (button?.dataset.action === "keys") keys();
  });
  document.addEventListener("keydown", press);
  window.addEventListener("storage", (event) => {
    if (event.key === "theme" && event.newValue) document.documentElement.dataset.theme = event.newValue;
  });
}
