// Small comforts. Every page works without this file.

const all = (selector) => document.querySelectorAll(selector);

// Errors after a form: the reader's place is at the summary.
document.querySelector("[data-focus]")?.focus();

// Show and hide a password.
const SVG = "http://www.w3.org/2000/svg";
for (const box of all(".secret")) {
  const input = box.querySelector("input");
  const button = document.createElement("button");
  const icon = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", box.dataset.icon);
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  icon.append(use);
  button.type = "button";
  button.append(icon);
  const set = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.setAttribute("aria-label", shown ? box.dataset.hide : box.dataset.show);
  };
  set(false);
  button.addEventListener("click", () => set(input.type === "password"));
  // A shown password must not end up in the browser's form history.
  input.form?.addEventListener("submit", () => set(false));
  box.append(button);
  box.classList.add("can-show");
}

// The password's rules, ticked off while typing. The server decides; this only shows the way.
const RULES = {
  length: (text, rule) => [...text].length >= Number(rule.dataset.minimum),
  upper: (text) => /\p{Lu}/u.test(text),
  digit: (text) => /\p{N}/u.test(text),
  special: (text) => /[^\p{L}\p{N}]/u.test(text),
};
for (const list of all("[data-password-rules]")) {
  const input = document.getElementById("password");
  input?.addEventListener("input", () => {
    for (const rule of list.querySelectorAll("[data-rule]")) {
      const met = RULES[rule.dataset.rule](input.value, rule);
      if (met === rule.classList.contains("met") && !rule.classList.contains("unmet")) continue;
      rule.classList.remove("unmet");
      rule.classList.toggle("met", met);
      rule.querySelector(".hidden")?.remove();
      if (met) {
        const said = document.createElement("span");
        said.className = "hidden";
        said.textContent = `(${list.dataset.met})`;
        rule.append(said);
      }
    }
  });
}

// One click is enough.
for (const form of all("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    // A download leaves the page where it is: it may be wished for again.
    if (form.hasAttribute("data-download")) setTimeout(() => delete form.dataset.sent, 3000);
  });
}
addEventListener("pageshow", () => all("form").forEach((form) => delete form.dataset.sent));

// How far an archive is that is being saved: the browser knows only bytes, the server knows letters.
for (const box of all("[data-progress]")) {
  const bar = box.querySelector("progress");
  const said = box.querySelector("[data-said]");
  const say = (text) => { if (said.textContent !== text) said.textContent = text; };
  let timer;
  const ask = async () => {
    let stands;
    try {
      stands = await (await fetch(box.dataset.progress, { cache: "no-store", redirect: "error" })).json();
    } catch {
      // Not begun yet, or out of reach for a moment.
    }
    if (stands) {
      box.hidden = false;
      bar.value = stands.done;
      bar.max = stands.all;
      box.querySelector("span").textContent = box.dataset.count.replace("%1", stands.done).replace("%2", stands.all);
      say(box.dataset[stands.state]);
      if (stands.state !== "running") return;
    }
    timer = setTimeout(ask, 500);
  };
  box.closest("form").addEventListener("submit", () => {
    clearTimeout(timer);
    box.hidden = true;
    timer = setTimeout(ask, 500);
  });
}

// SECURITY: nothing is copied as markup. Elements are made anew, of known names, with attributes of known kinds; the
// page's own policy holds for them, and a shadow keeps their looks from the page's and the page's from theirs.
const PAPER = new Set(("a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn " +
  "div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small " +
  "span strike strong sub sup table tbody td tfoot th thead time tr tt u ul wbr").split(" "));
const SAID = new Set(("align valign bgcolor border cellpadding cellspacing width height colspan rowspan span scope dir lang color size " +
  "face start type value reversed alt class").split(" "));
// Only pictures of letters are asked for, whatever a style says.
const asks = (style) => /(url|set|image|src)\(/i.test(style.replace(/url\("\/m\/[0-9a-f]+\/inline\/[\d.]+"\)/g, ""));
const written = (from, to) => {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || !PAPER.has(node.localName)) continue;
    const made = document.createElement(node.localName);
    for (const { name, value } of node.attributes) if (SAID.has(name)) made.setAttribute(name, value);
    const look = node.style.cssText;
    if (look && !asks(look)) made.style.cssText = look;
    if (node.localName === "img" && /^\/m\/[0-9a-f]+\/inline\/[\d.]+$/.test(node.getAttribute("src") ?? "")) made.src = node.getAttribute("src");
    written(node, made);
    to.append(made);
  }
};
const paper = (frame) => {
  const inside = frame.contentDocument;
  if (!inside?.querySelector(".letter") || frame.nextElementSibling?.className === "paper") return;
  const sheet = document.createElement("div");
  sheet.className = "paper";
  const shadow = sheet.attachShadow({ mode: "closed" });
  const look = new CSSStyleSheet();
  look.replaceSync(inside.querySelector("head style").textContent);
  shadow.adoptedStyleSheets = [look];
  written(inside.body, shadow);
  frame.after(sheet);
};

// The letter's frame is as high as the letter: measured when it, a picture or its width comes, never its height.
for (const frame of all("iframe.frame")) {
  let width;
  const fit = () => {
    const body = frame.contentDocument?.body;
    if (!body) return;
    width = body.clientWidth;
    frame.style.height = `${Math.max(Math.ceil(body.getBoundingClientRect().height), 96)}px`;
  };
  const watch = () => {
    const page = frame.contentDocument;
    if (!page?.body) return;
    frame.style.minHeight = "0";
    fit();
    page.addEventListener("load", fit, true);
    new ResizeObserver(() => { if (page.body.clientWidth !== width) fit(); }).observe(page.body);
  };
  frame.addEventListener("load", watch);
  // A frame cannot be broken over sheets of paper: for the printer its letter is written down once more.
  frame.addEventListener("load", () => setTimeout(() => paper(frame), 200));
  addEventListener("beforeprint", () => paper(frame));
  if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.URL !== "about:blank") watch();
}

// Another page of ours, read by the browser and not by a string of ours.
const page = (path) => new Promise((done, failed) => {
  const request = new XMLHttpRequest();
  request.open("GET", path);
  request.responseType = "document";
  request.onload = () => (request.status === 200 && request.responseXML ? done(request.responseXML) : failed(request.status));
  request.onerror = failed;
  request.send();
});

// On a wide screen the list stands beside the letter.
for (const place of all("[data-list]")) {
  const wide = matchMedia("(min-width: 1100px)");
  const bring = async () => {
    if (!wide.matches || place.childElementCount) return;
    try {
      const list = (await page(place.dataset.list)).querySelector("ul.letters");
      if (place.childElementCount) return;
      const current = list.querySelector(`input[value="${place.dataset.line}"]`)?.closest("li").querySelector("a");
      current?.setAttribute("aria-current", "true");
      for (const pick of list.querySelectorAll(".letter > label")) pick.remove();
      // The symbols stand in this page already.
      for (const use of list.querySelectorAll("use")) use.setAttribute("href", `#${use.getAttribute("href").split("#")[1]}`);
      place.append(list);
      // The list scrolls, and not the page.
      if (current) place.scrollTop += current.getBoundingClientRect().top - place.getBoundingClientRect().top - place.clientHeight / 3;
    } catch {
      // The letter is there; the list is a link away.
    }
  };
  wide.addEventListener("change", bring);
  bring();
}

// A file is looked at in the page, and put away again with the same button.
for (const link of all("[data-look]")) {
  const item = link.closest("li");
  const { href, dataset: { look } } = link;
  const button = document.createElement("button");
  button.type = "button";
  button.append(...link.childNodes);
  button.setAttribute("aria-expanded", "false");
  link.replaceWith(button);
  button.addEventListener("click", () => {
    const open = item.querySelector(".look");
    button.setAttribute("aria-expanded", String(!open));
    if (open) return open.remove();
    const shown = document.createElement(look === "picture" ? "img" : "iframe");
    const name = item.querySelector(".file-name").textContent;
    if (look === "picture") shown.alt = name;
    else shown.title = name;
    if (look === "text") shown.setAttribute("sandbox", "");
    shown.referrerPolicy = "no-referrer";
    shown.className = "look";
    shown.src = href;
    item.append(shown);
  });
}

for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// The menu closes when the reader goes elsewhere.
for (const menu of all("details.menu")) {
  addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// One box for all boxes of a list.
for (const all_of_them of all("[data-pick-all]")) {
  const box = all_of_them.querySelector("input");
  const boxes = [...box.form.querySelectorAll("input[name=id]")];
  const every = box.form.elements.all;
  const show = () => {
    const picked = boxes.filter((one) => one.checked).length;
    box.checked = picked === boxes.length;
    box.indeterminate = picked > 0 && !box.checked;
    // All of all pages are only meant as long as all of this one are.
    if (every && !box.checked) every.checked = false;
  };
  every?.addEventListener("change", () => {
    for (const one of boxes) one.checked = every.checked;
    show();
  });
  box.addEventListener("change", () => {
    for (const one of boxes) one.checked = box.checked;
    show();
  });
  for (const one of boxes) one.addEventListener("change", show);
  all_of_them.hidden = false;
  show();
}

// What single keys do, as the account's page says it: in place there, fetched elsewhere.
const showKeys = async () => {
  let box = document.querySelector("#keys");
  if (!box) {
    box = document.importNode((await page("/account")).querySelector("#keys"), true);
    document.body.append(box);
  }
  box.querySelector("button").onclick = () => box.close();
  if (!box.open) box.showModal();
};
for (const button of all("[data-open=keys]")) {
  button.hidden = false;
  button.addEventListener("click", showKeys);
}

// Single keys, unless the owner has turned them off.
if (document.querySelector("[data-keys]")) {
  const rows = () => [...all("ul.letters > li")];
  const here = () => rows().findIndex((row) => row.contains(document.activeElement));
  const go = (by) => rows()[Math.min(Math.max(here() + by, 0), rows().length - 1)]?.querySelector("a").focus();
  const tick = () => rows()[here()]?.querySelector("input")?.click();
  const press = (key) => {
    const button = document.querySelector(`[data-key~="${key}"]`);
    const boxes = [...(button?.form.querySelectorAll("input[type=checkbox][name=id]") ?? [])];
    // Where none is ticked, the letter with the focus is meant.
    if (boxes.length && !boxes.some((box) => box.checked)) tick();
    if (!boxes.length || boxes.some((box) => box.checked)) button?.click();
  };
  const deeds = {
    j: () => go(1),
    k: () => go(-1),
    x: tick,
    "/": () => document.querySelector("#words")?.focus(),
    "?": showKeys,
  };
  addEventListener("keydown", (event) => {
    const typed = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog, [role=alertdialog]");
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typed) return;
    if (deeds[event.key]) {
      event.preventDefault();
      deeds[event.key]();
    } else if (/^[e#ruvz]$/.test(event.key)) press(event.key);
  });
}

// Two minutes before the session ends the reader is asked; without an answer the page does not stay open.
for (const box of all("[data-idle]")) {
  const seconds = (text) => Math.max(Number(text) || 0, 0) * 1000;
  let last;
  let timer;
  const end = () => location.replace("/?note=over");
  const ask = () => {
    last = document.activeElement;
    box.hidden = false;
    box.querySelector("button").focus();
    timer = setTimeout(end, 120000);
  };
  const wait = (text) => {
    clearTimeout(timer);
    timer = setTimeout(ask, seconds(text));
  };
  box.querySelector("button").addEventListener("click", async () => {
    try {
      const answer = await fetch("/alive", { cache: "no-store", redirect: "error" });
      if (!answer.ok) return end();
      box.hidden = true;
      last?.focus();
      wait(await answer.text());
    } catch {
      end();
    }
  });
  wait(box.dataset.idle);
}
