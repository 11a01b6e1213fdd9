// A page that could not be read for now: it looks again by itself, and comes when it can.

const WAIT = 3000;

async function well(): Promise<boolean> {
  try {
    return (await fetch(location.href, { method: "HEAD", cache: "no-store" })).status < 500;
  } catch {
    return false;
  }
}

export function listenAgain(): void {
  if (!document.querySelector("main [data-again]")) return;
  const look = async () => {
    if (!document.hidden && (await well())) location.reload();
    else setTimeout(look, WAIT);
  };
  setTimeout(look, WAIT);
}
