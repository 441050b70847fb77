// The editor's comforts: keeps what is typed, sends files with progress, takes dropped ones. Everything goes
// through the same form that works without this file.

const form = document.getElementById("editor");
const say = form.dataset;
const state = form.querySelector("[data-state]");
const uploads = form.querySelector("[data-uploads]");
const send = form.querySelector("[data-send]");
const token = form.elements.form_token.value;
const TYPED = ["to", "cc", "subject", "text"];

// ---- keep what is typed ----
let timer = 0;
let dirty = false;
let leaving = false;

const keep = async (keepalive = false) => {
  clearTimeout(timer);
  if (!dirty || leaving) return;
  dirty = false;
  const body = new URLSearchParams({ form_token: token, do: "keep" });
  for (const name of TYPED) body.set(name, form.elements[name].value);
  state.textContent = say.saving;
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual", keepalive });
    if (answer.status !== 204) throw new Error();
    state.textContent = say.kept;
  } catch {
    dirty = true;
    state.textContent = say.lost;
  }
};
form.addEventListener("input", (event) => {
  if (!TYPED.includes(event.target.name)) return;
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(keep, 2000);
});
addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keep(true); });

// ---- files, one after the other ----
let queue = Promise.resolve();
let waiting = 0;
let taken = 0;

const line = (name) => {
  const box = document.createElement("div");
  const text = document.createElement("span");
  box.className = "upload";
  text.textContent = name;
  box.append(text);
  uploads.append(box);
  return { box, text };
};

const refuse = (name, why) => {
  const { box, text } = line(name);
  box.classList.add("bad");
  text.textContent = `${name}: ${why}`;
};

// The answer is the editor's page: its list of files and its notes take the place of ours.
const take = (page) => {
  const files = page?.getElementById("files");
  if (!files) return false;
  document.getElementById("files").replaceWith(document.importNode(files, true));
  const notes = page.getElementById("notes");
  if (notes?.querySelector(".bad")) document.getElementById("notes").replaceWith(document.importNode(notes, true));
  ready();
  return true;
};

const upload = (file) => new Promise((done) => {
  const { box, text } = line(file.name);
  const bar = document.createElement("progress");
  const cancel = document.createElement("button");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `${say.uploading} ${file.name}`);
  cancel.type = "button";
  cancel.className = "button quiet";
  cancel.textContent = say.cancel;
  box.append(bar, cancel);
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.set("form_token", token);
  body.set("do", "attach");
  body.set("file", file);
  request.open("POST", form.action);
  request.responseType = "document";
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  request.addEventListener("load", () => {
    if (take(request.response)) box.remove();
    else fail();
  });
  const fail = () => {
    bar.remove();
    cancel.remove();
    box.classList.add("bad");
    text.textContent = `${file.name}: ${say.failed}`;
  };
  request.addEventListener("error", fail);
  request.addEventListener("abort", () => box.remove());
  request.addEventListener("loadend", () => done());
  cancel.addEventListener("click", () => request.abort());
  request.send(body);
});

const add = (files) => {
  for (const file of files) {
    const free = Number(document.getElementById("files").dataset.free) - taken;
    if (file.size > free) {
      refuse(file.name, say.large);
      continue;
    }
    taken += file.size;
    waiting += 1;
    queue = queue.then(() => upload(file)).then(() => {
      waiting -= 1;
      taken -= file.size;
      if (waiting === 0) state.textContent = "";
    });
  }
};

const ready = () => {
  const section = document.getElementById("files");
  const input = document.getElementById("file");
  section.querySelector("[data-attach]").hidden = true;
  section.querySelector("[data-drop]").hidden = false;
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  section.addEventListener("dragover", (event) => {
    event.preventDefault();
    section.classList.add("over");
  });
  section.addEventListener("dragleave", () => section.classList.remove("over"));
  section.addEventListener("drop", (event) => {
    event.preventDefault();
    section.classList.remove("over");
    add([...event.dataTransfer.files]);
  });
};
ready();

// A letter goes when all its files are there.
form.addEventListener("submit", (event) => {
  if (waiting > 0 && event.submitter === send) {
    event.preventDefault();
    delete form.dataset.sent;
    state.textContent = say.wait;
    return;
  }
  clearTimeout(timer);
  leaving = true;
});
addEventListener("pageshow", () => { leaving = false; });
