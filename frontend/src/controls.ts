// Buttons: theme, language, copying.
import { base } from "./base.js";
import { tell } from "./told.js";
import { visible } from "./visible.js";
import { say } from "./words.js";

export function toggleTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Storage is forbidden: the choice lasts for this page.
  }
}

const YEAR = 31_536_000;

/** Show this page, and every other from now on, in another language. */
function speak(language: string): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `glasshouse_language=${language}; path=${base || "/"}; max-age=${YEAR}; samesite=lax${secure}`;
  location.reload();
}

// Ids are said again, long texts are not.
const SAID = 80;

export async function copy(text: string, button: HTMLElement | null): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    tell(say("This browser does not allow copying."));
    return;
  }
  tell(text.length > SAID ? say("Copied") : say("Copied: {text}", { text: visible(text) }));
  if (!button) return;
  button.dataset.done = "yes";
  setTimeout(() => delete button.dataset.done, 1500);
}

export function listen(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("button");
    const from = button?.dataset.copyFrom;
    if (button && from) void copy(document.getElementById(from)?.textContent ?? "", button);
    else if (button?.dataset.copy !== undefined) void copy(button.dataset.copy, button);
    else if (button?.dataset.action === "theme") toggleTheme();
  });
  document.addEventListener("change", (event) => {
    const chosen = event.target as HTMLSelectElement;
    if (chosen.dataset.action === "language") speak(chosen.value);
  });
  window.addEventListener("storage", (event) => {
    if (event.key === "theme" && event.newValue) document.documentElement.dataset.theme = event.newValue;
  });
}
