// While a training runs, fetch the changing part of its page; opened tables and the focus stay where they are.
const body = document.querySelector("[data-run]");
const live = document.querySelector("[data-announce]");
const PAUSE = 2000;
const HIDDEN_PAUSE = 10000;

function opened() {
  return [...body.querySelectorAll("details[open]")].map((details) => details.closest("[data-plot]")?.dataset.plot);
}

function put(html) {
  const open = opened();
  const sentence = body.querySelector("[data-sentence]")?.textContent;
  const focused = body.contains(document.activeElement) ? document.activeElement.tagName : "";
  body.innerHTML = html;
  for (const key of open) body.querySelector(`[data-plot="${key}"] details`)?.setAttribute("open", "");
  if (focused) body.querySelector(focused)?.focus({ preventScroll: true });
  const now = body.querySelector("[data-sentence]")?.textContent ?? "";
  if (now !== sentence) live.textContent = now;
}

async function ask() {
  let over = false;
  try {
    const answer = await fetch(body.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload();
    if (answer.ok && !body.querySelector("details[open] table:hover")) {
      over = answer.headers.get("X-Run-Over") === "1";
      put(await answer.text());
    }
  } catch {
    live.textContent = "The server does not answer at present; trying again.";
  }
  if (over) return delete body.dataset.live;
  return setTimeout(ask, document.hidden ? HIDDEN_PAUSE : PAUSE);
}

if (body?.dataset.live) setTimeout(ask, PAUSE);
