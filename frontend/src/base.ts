// Where the console is, when it is not at the top of its host.
export const base = document.documentElement.dataset.base ?? "";
