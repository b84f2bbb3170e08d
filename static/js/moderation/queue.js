// The queue renews itself; j and k walk through it, Enter opens.
import { connectKeys, connectUndo } from "./keys.js";

const EVERY = 5000;
const live = document.querySelector("[data-live]");
const announce = document.querySelector("[data-announce]");

function rows() {
  return [...live.querySelectorAll("[data-row]")];
}

function linkOf(row) {
  return row.querySelector("th a");
}

function put(html) {
  const here = document.activeElement.closest?.("[data-row]")?.dataset.row;
  const before = Number(live.querySelector("[data-total]").dataset.total);
  live.innerHTML = html;
  const row = here && rows().find((one) => one.dataset.row === here);
  if (row) linkOf(row).focus({ preventScroll: true });
  const now = Number(live.querySelector("[data-total]").dataset.total);
  if (now !== before) announce.textContent = `${now} ${now === 1 ? "case waits" : "cases wait"}.`;
}

async function renew() {
  try {
    const answer = await fetch(live.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 404) return location.reload();
    if (answer.ok) {
      const html = await answer.text();
      if (!live.querySelector("a:hover")) put(html);
    }
  } catch {
    announce.textContent = "The server does not answer at present.";
  }
  return setTimeout(renew, EVERY);
}

function walk(event) {
  if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea") || document.querySelector("dialog[open]")) return;
  const all = rows();
  const at = all.indexOf(event.target.closest?.("[data-row]"));
  const next = all[event.key === "j" ? at + 1 : Math.max(at - 1, 0)];
  if (next) linkOf(next).focus();
}

connectKeys();
connectUndo();
document.addEventListener("keydown", walk);
setTimeout(renew, EVERY);
