// Buttons: theme, copying, the list of keys.
import { say } from "./words.js";

export function theme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Storage is forbidden: the choice lasts for this page.
  }
}

export async function copy(button: HTMLElement, text = button.dataset.copy ?? ""): Promise<void> {
  const title = button.title;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return;
  }
  button.dataset.done = "yes";
  button.title = say("Copied");
  const said = document.getElementById("said");
  if (said) said.textContent = say("Copied") + " " + text.slice(0, 100);
  setTimeout(() => {
    delete button.dataset.done;
    button.title = title;
    if (said) said.textContent = "";
  }, 1500);
}

export function openKeys(): void {
  const dialog = document.getElementById("keys") as HTMLDialogElement | null;
  if (!dialog || dialog.open) return;
  dialog.showModal();
  // When nothing had the focus before, a browser leaves it within the closed dialog for a while.
  const close = () => dialog.contains(document.activeElement) && (document.activeElement as HTMLElement).blur();
  dialog.addEventListener("close", close, { once: true });
}

export function listen(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("button");
    const from = button?.dataset.copyFrom;
    if (button && from) void copy(button, document.getElementById(from)?.textContent ?? "");
    else if (button?.dataset.copy !== undefined) void copy(button);
    else if (button?.dataset.action === "theme") theme();
    else if (button?.dataset.action === "keys") openKeys();
  });
  window.addEventListener("storage", (event) => {
    if (event.key === "theme" && event.newValue) document.documentElement.dataset.theme = event.newValue;
  });
}
