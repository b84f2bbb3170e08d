// Every control with data-key is reached by that key; the list under "?" is made from the same attributes, so that it is
// never out of date. Two letters are pressed one after the other. In texts, keys write; Ctrl Enter decides, Escape leaves.
const PAUSE = 1200;
const SETTING = "moderation-single-keys";
const TEXTS = "textarea, input:not([type=radio]):not([type=checkbox]), [contenteditable]";
let first = "";
let timer = 0;

const isOn = () => localStorage.getItem(SETTING) !== "off";
const isShown = (node) => node.getClientRects().length > 0 && !node.disabled;

function use(node) {
  if (node.matches("input[type=radio]")) {
    node.checked = true;
    node.dispatchEvent(new Event("change", { bubbles: true }));
    node.focus();
  } else if (node.matches("textarea, select")) node.focus();
  else node.click();
}

function find(key) {
  const nodes = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  return nodes.find((node) => isShown(node) || node.matches("input[type=radio]"));
}

function press(event) {
  const inText = event.target.matches?.(TEXTS);
  if (event.key === "Enter" && event.ctrlKey) return document.querySelector("[data-key-submit]")?.click();
  if (event.key === "Escape" && event.target.matches?.(`${TEXTS}, select`)) return event.target.blur();
  if (inText || event.ctrlKey || event.metaKey || event.altKey || !isOn()) return undefined;
  if (document.querySelector("dialog[open]") || event.target.matches?.("select")) return undefined;
  const node = find(first + event.key);
  const begins = !first && document.querySelector(`[data-key^="${CSS.escape(event.key)}"]:not([data-key="${CSS.escape(event.key)}"])`);
  clearTimeout(timer);
  first = !node && begins ? event.key : "";
  timer = setTimeout(() => (first = ""), PAUSE);
  if (!node) return undefined;
  event.preventDefault();
  return use(node);
}

function list(body) {
  const rows = new Map();
  for (const node of document.querySelectorAll("[data-key]")) rows.set(node.dataset.key, node.dataset.keyWords);
  body.replaceChildren();
  for (const [key, words] of rows) {
    const row = body.insertRow();
    const cell = document.createElement("th");
    cell.scope = "row";
    const shown = document.createElement("kbd");
    shown.className = "key";
    shown.textContent = [...key].join(" ");
    cell.append(shown);
    row.append(cell);
    row.insertCell().textContent = words;
  }
}

export function connectKeys() {
  const open = document.querySelector("[data-keys-open]");
  const dialog = document.querySelector("[data-keys]");
  const setting = dialog.querySelector("[data-keys-on]");
  open.hidden = false;
  setting.checked = isOn();
  setting.addEventListener("change", () => localStorage.setItem(SETTING, setting.checked ? "on" : "off"));
  open.addEventListener("click", () => {
    list(dialog.querySelector("[data-keys-list]"));
    dialog.showModal();
  });
  document.addEventListener("keydown", press);
}

// A decision can be taken back for some seconds; then the offer goes.
export function connectUndo() {
  const form = document.querySelector("[data-undo]");
  if (!form) return;
  const end = Date.now() + Number(form.dataset.undo) * 1000;
  const words = form.querySelector("[data-seconds]");
  const tick = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    words.textContent = Math.max(left, 0);
    if (left > 0) return;
    clearInterval(tick);
    form.remove();
  }, 500);
}
