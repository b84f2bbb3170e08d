// Every file is a request of its own: its own progress, its own refusal in place. Without this script the form is sent as it is.
const AT_ONCE = 2;
const form = document.querySelector("[data-upload]");
const input = form.querySelector("input[type=file]");
const list = form.querySelector("[data-queue]");
const live = form.querySelector("[data-announce]");
const drop = form.querySelector("[data-drop]");
const waiting = [];
let busy = 0;

function element(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function announce(text) {
  live.append(element("span", "", `${text} `));
}

/** One line of the list, and the ways in which it changes. */
class Line {
  constructor(file) {
    this.file = file;
    this.node = element("li", "queue__item");
    const head = element("div", "queue__head");
    head.append(element("span", "queue__name", file.name));
    this.stop = element("button", "button button--quiet button--small", "Stop");
    this.stop.type = "button";
    this.stop.setAttribute("aria-label", `Stop uploading ${file.name}`);
    head.append(this.stop);
    this.bar = element("progress", "queue__bar");
    this.bar.max = 100;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", `Upload of ${file.name}`);
    this.words = element("p", "queue__words", "Waiting to be sent");
    this.node.append(head, this.bar, this.words);
    list.append(this.node);
  }

  sent(loaded, total) {
    const share = Math.round((100 * loaded) / total);
    this.bar.value = share;
    this.words.textContent = share < 100 ? `Sending: ${share} %` : "Checking the file";
  }

  accepted(url) {
    this.bar.remove();
    const link = element("a", "", "See the result");
    link.href = url;
    link.setAttribute("aria-label", `See the result of ${this.file.name}`);
    this.stop.replaceWith(link);
    this.words.textContent = "Taken. The detector is at work.";
    announce(`${this.file.name} was taken.`);
  }

  refused(sentence) {
    this.bar.remove();
    this.stop.replaceWith(element("span", "badge badge--fake", "Not taken"));
    this.node.classList.add("queue__item--refused");
    this.words.textContent = sentence;
    announce(`${this.file.name} was not taken. ${sentence}`);
  }
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

function sentenceFor(request) {
  const known = answerOf(request).detail;
  if (known) return known;
  if (request.status === 403) return "The page is too old. Load it again, then choose the file once more.";
  if (request.status === 413) return form.dataset.tooLarge;
  return "The server could not take the file. Try again in a moment.";
}

function body(file, batch) {
  const data = new FormData();
  data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
  if (form.elements.may_train.checked) data.append("may_train", "on");
  if (batch) data.append("batch", batch);
  data.append("files", file);
  return data;
}

function send({ line, batch, alone }) {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => line.sent(event.loaded, event.total));
  request.addEventListener("load", () => {
    const url = request.status === 201 ? answerOf(request).url : "";
    if (url && alone) return location.assign(url);
    return url ? line.accepted(url) : line.refused(sentenceFor(request));
  });
  request.addEventListener("error", () => line.refused("The connection was lost. Choose the file again."));
  request.addEventListener("abort", () => line.refused("You stopped this upload."));
  request.addEventListener("loadend", () => {
    busy -= 1;
    next();
  });
  line.stop.addEventListener("click", () => request.abort());
  request.send(body(line.file, batch));
}

function next() {
  while (busy < AT_ONCE && waiting.length) {
    const job = waiting.shift();
    if (job.stopped) continue;
    busy += 1;
    send(job);
  }
}

function take(files) {
  const batch = files.length > 1 && crypto.randomUUID ? crypto.randomUUID() : "";
  list.hidden = false;
  for (const file of files) {
    const line = new Line(file);
    if (file.size === 0) line.refused(form.dataset.empty);
    else if (file.size > Number(form.dataset.maxBytes)) line.refused(form.dataset.tooLarge);
    else waiting.push(queued(line, batch, files.length === 1));
  }
  next();
}

function queued(line, batch, alone) {
  const job = { line, batch, alone, stopped: false };
  line.stop.addEventListener("click", () => {
    if (!waiting.includes(job)) return;
    job.stopped = true;
    line.refused("You stopped this upload.");
  });
  return job;
}

function takeChosen() {
  take([...input.files]);
  input.value = "";
}

input.addEventListener("change", takeChosen);
if (input.files.length) takeChosen(); // chosen before this script had come
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.toggleAttribute("data-over", true);
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.toggleAttribute("data-over", false));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.dataset.enhanced = "";
