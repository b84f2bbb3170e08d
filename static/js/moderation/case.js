// The page of one case: keys, blur, the kind belongs to FAKE, the lease runs out.
import { connectPlayer } from "../player.js";
import { connectKeys, connectUndo } from "./keys.js";

function connectBlur() {
  const button = document.querySelector("[data-reveal]");
  const media = [...document.querySelectorAll("[data-media]")];
  button.hidden = false;
  button.addEventListener("click", () => {
    const show = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(show));
    for (const part of media) part.classList.toggle("blurred", !show);
  });
}

function connectKinds(form) {
  const kinds = form.querySelector('[data-choices="kind"]');
  const fake = form.querySelector('input[name="verdict"][value="fake"]');
  const show = () => {
    kinds.toggleAttribute("data-off", !fake.checked);
    for (const input of kinds.querySelectorAll("input")) input.required = fake.checked;
  };
  kinds.addEventListener("change", () => {
    fake.checked = true;
    show();
  });
  form.addEventListener("change", show);
  show();
}

function connectLease(words) {
  const end = Date.now() + Number(words.dataset.left) * 1000;
  setInterval(() => {
    const left = Math.max(Math.ceil((end - Date.now()) / 1000), 0);
    words.textContent = left > 90 ? `${Math.ceil(left / 60)} min` : `${left} s`;
  }, 1000);
}

connectKeys();
connectUndo();
connectBlur();
connectPlayer(document.querySelector("main"));
const form = document.querySelector("[data-decide]");
if (form) connectKinds(form);
const lease = document.querySelector("[data-left]");
if (lease) connectLease(lease);
