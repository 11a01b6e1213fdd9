// Passkeys: asks the server what to ask for, the browser for a passkey, and hands it back.
import { base } from "./base.js";
import { say } from "./words.js";

interface Asked {
  pending: string;
  options: unknown;
}

// Newer than the DOM library that types are checked with.
interface Json {
  parseCreationOptionsFromJSON(options: unknown): PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON(options: unknown): PublicKeyCredentialRequestOptions;
}

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(base + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${told.detail ?? answer.status} ${told.remedy ?? ""}`);
  return told;
}

function fail(error: unknown): void {
  const place = document.getElementById("key-fault");
  if (!place) return;
  const cancelled = error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError");
  place.textContent = cancelled
    ? say("The browser provided no passkey; try again, or use another second factor.")
    : error instanceof Error ? error.message : String(error);
  place.hidden = false;
}

async function add(): Promise<void> {
  const json = PublicKeyCredential as unknown as Json;
  const password = document.querySelector<HTMLInputElement>("#factor-password")?.value ?? "";
  const asked = (await post("/account/passkey", { step: "begin", password })) as unknown as Asked;
  const publicKey = json.parseCreationOptionsFromJSON(asked.options);
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const told = await post("/account/passkey", {
    step: "finish",
    pending: asked.pending,
    answer: made.toJSON(),
    label: /\(([^;)]+)/.exec(navigator.userAgent)?.[1] ?? "",
  });
  const codes = told.codes as string[];
  if (codes.length) {
    const place = document.getElementById("new-codes");
    place?.querySelector("ul")?.replaceChildren(...codes.map(item));
    if (place) {
      place.hidden = false;
      place.querySelector<HTMLElement>("a")?.focus();
    }
  } else location.assign(`${base}/account`);
}

function item(text: string): HTMLLIElement {
  const line = document.createElement("li");
  const code = document.createElement("code");
  code.textContent = text;
  line.append(code);
  return line;
}

async function show(next: string): Promise<void> {
  const json = PublicKeyCredential as unknown as Json;
  const asked = (await post("/step-up/passkey", { step: "begin" })) as unknown as Asked;
  const publicKey = json.parseRequestOptionsFromJSON(asked.options);
  const shown = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const told = await post("/step-up/passkey", { step: "finish", pending: asked.pending, answer: shown.toJSON(), next });
  location.assign(base + String(told.next));
}

export function offerPasskeys(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-passkey]")) {
    const known = "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential;
    // Browsers keep passkeys for names, never for addresses.
    const named = !/^[\d.]+$|:/.test(location.hostname);
    if (!known || !named) {
      button.hidden = true;
      const place = document.getElementById("passkey-place");
      if (place && known) place.hidden = false;
      continue;
    }
    button.addEventListener("click", () => {
      const done = button.dataset.passkey === "new" ? add() : show(button.dataset.next ?? "/");
      done.catch(fail);
    });
  }
}
