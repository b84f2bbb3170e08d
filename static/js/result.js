// While a detection is on its way, ask how it is; when it is over, put the result in and say so.
import { connectPlayer } from "./player.js";

const body = document.querySelector("[data-body]");
const live = document.querySelector("[data-announce]");
const SOON = 700;
const LATER = 3000;

function mark(step, state) {
  step.className = `step step--${state}`;
  step.querySelector("[data-step-words]").textContent = { done: "(done)", now: "(now)", next: "" }[state];
}

function show(status) {
  const sentence = body.querySelector("[data-sentence]");
  if (sentence.textContent !== status.sentence) {
    sentence.textContent = status.sentence;
    live.textContent = status.sentence;
  }
  body.querySelector("[data-elapsed]").textContent = `${Math.round(status.elapsed)} s`;
  body.querySelector("[data-expectation]").textContent = status.expectation;
  const steps = [...body.querySelectorAll("[data-stage]")];
  const now = steps.findIndex((step) => step.dataset.stage === status.stage);
  steps.forEach((step, at) => mark(step, at < now ? "done" : at === now ? "now" : "next"));
}

async function finish(status) {
  const answer = await fetch(body.dataset.evidenceUrl, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return location.reload();
  body.innerHTML = await answer.text();
  live.textContent = status.sentence;
  document.title = `${status.sentence} ${document.title}`;
  (body.querySelector("[data-verdict]") ?? body.querySelector("[data-title]")).focus({ preventScroll: true });
  return connectPlayer(body);
}

async function ask(started) {
  try {
    const answer = await fetch(body.dataset.statusUrl, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 404) return location.reload();
    const status = await answer.json();
    if (["done", "failed", "cancelled"].includes(status.state)) return await finish(status);
    show(status);
  } catch {
    body.querySelector("[data-expectation]").textContent = "The server does not answer at present; trying again.";
  }
  const pause = Date.now() - started < 20000 ? SOON : LATER;
  return setTimeout(ask, document.hidden ? LATER : pause, started);
}

if (body.dataset.statusUrl) ask(Date.now());
else connectPlayer(body);
