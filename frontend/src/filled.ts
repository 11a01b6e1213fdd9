// A form that only sends what was filled in: its button is off until something was.
const FORM = "form#change";

function show(form: HTMLFormElement): void {
  const fields = [...form.elements].filter((one): one is HTMLInputElement => one instanceof HTMLInputElement && one.type !== "hidden");
  const empty = fields.every((field) => !field.value.trim());
  for (const button of form.querySelectorAll<HTMLButtonElement>("button[name=operation]:not([data-denied])")) button.disabled = empty;
}

export function listenToFields(): void {
  const form = document.querySelector<HTMLFormElement>(FORM);
  if (!form) return;
  show(form);
  // Its fields may stand elsewhere on the page.
  document.addEventListener("input", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.form === form) show(form);
  });
  window.addEventListener("pageshow", () => show(form));
}
