// A page that could not be read is asked for again, and shown as soon as it can be.
const PAUSE = 3000;
const UNAVAILABLE = 503;

async function ask(): Promise<void> {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
      if (answer.status !== UNAVAILABLE) return location.reload();
    } catch {
      // Glasshouse itself is away: it may come back, too.
    }
  }
  setTimeout(ask, PAUSE);
}

export function askAgain(): void {
  if (document.querySelector("main [data-again]")) setTimeout(ask, PAUSE);
}
