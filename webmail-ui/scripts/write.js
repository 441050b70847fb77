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

// ---- files, one after the other, each in pieces: what has come stays, whatever happens to the line ----
let queue = Promise.resolve();
let waiting = 0;
let taken = 0;
const active = new Set();

const line = (name) => {
  const box = document.createElement("div");
  const text = document.createElement("span");
  box.className = "upload";
  text.textContent = name;
  box.append(text);
  uploads.append(box);
  return { box, text };
};

const refuse = (text) => {
  const shown = line(text);
  shown.box.classList.add("bad");
};

const pending = (id) => document.querySelector(`[data-pending="${CSS.escape(id)}"]`);

// The editor's page as it is now: its list of files takes the place of ours.
const refresh = () => new Promise((done) => {
  const request = new XMLHttpRequest();
  request.open("GET", form.action);
  request.responseType = "document";
  request.addEventListener("load", () => {
    const files = request.response?.getElementById("files");
    if (files) {
      document.getElementById("files").replaceWith(document.importNode(files, true));
      ready();
    }
  });
  request.addEventListener("loadend", () => done());
  request.send();
});

class Refused extends Error {}
class Over extends Error {}

// Until something changes, at the latest after so long.
const pause = (ms, stop) => new Promise((done) => {
  const end = () => { clearTimeout(wait); removeEventListener("online", end); done(); };
  const wait = setTimeout(end, ms);
  addEventListener("online", end);
  stop.addEventListener("abort", end);
});

const after = (status) => {
  // Signed out, the draft gone, the form stale: nothing will mend it.
  if (status === 0 || (status >= 300 && status < 500 && status !== 409 && status !== 429)) return new Over();
  return new Error();
};

// Where to send the file's pieces, and from where on.
const announce = async (file, stop) => {
  const body = new URLSearchParams({
    form_token: token, name: file.name, kind: file.type, size: file.size, changed: file.lastModified,
  });
  const answer = await fetch(`${form.getAttribute("action")}/u`, { method: "POST", body, redirect: "manual", signal: stop });
  if (answer.status === 413) throw new Refused(await answer.text());
  if (answer.status !== 200) throw after(answer.status);
  const said = (name) => answer.headers.get(name);
  return {
    to: said("Location"), offset: Number(said("Upload-Offset")), piece: Number(said("Upload-Limit")),
    done: said("Upload-Complete") === "?1",
  };
};

const sendPiece = (place, file, stop, came) => new Promise((done, fail) => {
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.set("form_token", token);
  body.set("offset", place.offset);
  body.set("piece", file.slice(place.offset, place.offset + place.piece), "piece");
  request.open("POST", place.to);
  request.timeout = 300000;
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) came(place.offset + (event.loaded / event.total) * Math.min(place.piece, file.size - place.offset));
  });
  request.addEventListener("load", () => {
    const offset = request.getResponseHeader("Upload-Offset");
    if (offset === null) return fail(after(request.status === 200 ? 303 : request.status));
    done({ ...place, offset: Number(offset), done: request.getResponseHeader("Upload-Complete") === "?1" });
  });
  for (const lost of ["error", "timeout", "abort"]) request.addEventListener(lost, () => fail(new Error()));
  stop.addEventListener("abort", () => request.abort());
  request.send(body);
});

const megabytes = (bytes) => (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });

const upload = async (file) => {
  const { box, text } = line(file.name);
  const bar = document.createElement("progress");
  const count = document.createElement("span");
  const cancel = document.createElement("button");
  const stopper = new AbortController();
  const stop = stopper.signal;
  let place;
  bar.max = Math.max(file.size, 1);
  bar.value = 0;
  bar.setAttribute("aria-label", `${say.uploading} ${file.name}`);
  count.className = "soft";
  // The bar says it to screen readers, when they ask; this would be read out at every step.
  count.setAttribute("aria-hidden", "true");
  cancel.type = "button";
  cancel.className = "button quiet";
  cancel.textContent = say.cancel;
  box.append(bar, count, cancel);
  cancel.addEventListener("click", () => stopper.abort());
  const came = (bytes) => {
    bar.value = bytes;
    count.textContent = `${megabytes(bytes)} ${say.came} ${megabytes(file.size)} MB`;
  };
  for (let tries = 0; !stop.aborted;) {
    try {
      place = await announce(file, stop);
      const known = pending(place.to.split("/").pop());
      if (known) known.hidden = true;
      while (!place.done && !stop.aborted) {
        text.textContent = file.name;
        came(place.offset);
        const before = place.offset;
        place = await sendPiece(place, file, stop, came);
        if (place.offset > before) tries = 0;
        else if (!place.done) throw new Error();
      }
      break;
    } catch (problem) {
      if (stop.aborted) break;
      if (problem instanceof Refused || problem instanceof Over) {
        box.replaceChildren(text);
        box.classList.add("bad");
        text.textContent = problem instanceof Refused ? problem.message : `${file.name}: ${say.failed} ${say.lost}`;
        return;
      }
      tries += 1;
      text.textContent = `${file.name}: ${say.paused}`;
      await pause(Math.min(500 * 2 ** tries, 20000), stop);
    }
  }
  if (stop.aborted && place) {
    const body = new URLSearchParams({ form_token: token, do: `remove:${place.to.split("/").pop()}` });
    try {
      await fetch(form.action, { method: "POST", body, redirect: "manual" });
    } catch {
      // It stays in the list and can be removed there.
    }
  }
  await refresh();
  box.remove();
};

const add = (files) => {
  for (const file of files) {
    const key = `${file.name}/${file.size}/${file.lastModified}`;
    if (active.has(key)) continue;
    // A file that has come in part has its room already.
    const known = document.querySelector(`[data-pending][data-size="${file.size}"]`);
    const free = Number(document.getElementById("files").dataset.free) - taken;
    if (file.size > Number(say.limit) || (!known && file.size > free)) {
      refuse(`${file.name}: ${say.large}`);
      continue;
    }
    const room = known ? 0 : file.size;
    active.add(key);
    taken += room;
    waiting += 1;
    queue = queue.then(() => upload(file)).catch(() => refuse(`${file.name}: ${say.failed}`)).then(() => {
      active.delete(key);
      waiting -= 1;
      taken -= room;
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
