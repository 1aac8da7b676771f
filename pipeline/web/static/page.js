// Keeps the page fresh: asks /api/status, and when its revision has changed fetches the parts anew.
// Parts come from the server ready-made and escaped; they are parsed without running anything, and only what differs
// is exchanged, so that focus, selection and opened details stay.
"use strict";

const EVERY = 2000;
const HIDDEN = 15000;
const parts = ["incidents", "mentions", "side"];
let revision = null;
let failures = 0;
let opened = null; // number of open incidents, to announce a change

const live = document.getElementById("live");
const filters = document.getElementById("filters");

function say(state, text) {
  if (live.textContent !== text) live.textContent = text;
  live.dataset.state = state;
}

async function get(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(20000), headers: { accept: "*/*" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}

// Makes `old` look like `fresh`, keeping every node that can stay. Elements with a data-key are matched by it, the
// others by their kind, in order. Details stay open or closed as the visitor left them.
function patch(old, fresh) {
  if (old.nodeName === "DETAILS") fresh.open = old.open;
  if (old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const keyed = new Map();
  const plain = [];
  for (const child of old.childNodes) {
    if (child.dataset && child.dataset.key) keyed.set(child.dataset.key, child);
    else plain.push(child);
  }
  const wanted = [...fresh.childNodes].map((child) => {
    const key = child.dataset && child.dataset.key;
    const at = key ? -1 : plain.findIndex((node) => node.nodeName === child.nodeName);
    const same = key ? keyed.get(key) : plain.splice(at < 0 ? plain.length : 0, at + 1).pop();
    if (!same || same.nodeName !== child.nodeName) return child;
    if (same.nodeType === Node.ELEMENT_NODE) patch(same, child);
    else if (same.nodeValue !== child.nodeValue) same.nodeValue = child.nodeValue;
    return same;
  });
  let at = old.firstChild;
  for (const child of wanted) {
    if (child === at) at = at.nextSibling;
    else old.insertBefore(child, at);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

async function draw(names) {
  await Promise.all(names.map(async (name) => {
    const text = await (await get(`/part/${name}${location.search}`)).text();
    const made = new DOMParser().parseFromString(`<div id="part-${name}">${text}</div>`, "text/html");
    const target = document.getElementById(`part-${name}`);
    const fresh = made.body.firstElementChild;
    relative(fresh);
    for (const attribute of target.attributes) fresh.setAttribute(attribute.name, attribute.value);
    patch(target, fresh);
  }));
}

async function refresh() {
  try {
    const status = await (await get("/api/status")).json();
    if (status.revision !== revision) {
      await draw(parts);
      revision = status.revision;
      if (opened !== null && status.open_incidents > opened) document.title = `(${status.open_incidents}) Groundswell`;
      if (status.open_incidents === 0) document.title = "Groundswell";
      opened = status.open_incidents;
    }
    failures = 0;
    say("on", `live · ${opened} open`);
  } catch {
    failures += 1;
    if (failures > 1) say("off", "no connection, trying again");
  }
  setTimeout(refresh, document.hidden ? HIDDEN : EVERY * Math.min(8, 2 ** Math.max(0, failures - 1)));
}

// "3 min ago" where that helps more than a date; a simulation has a clock of its own.
function ago(seconds) {
  if (seconds < 0 || seconds >= 172800) return null;
  if (seconds < 60) return "just now";
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

function relative(root) {
  if ("simulated" in document.body.dataset) return;
  for (const time of root.querySelectorAll("time")) {
    const text = ago((Date.now() - Date.parse(time.dateTime)) / 1000) || time.title.replace(" UTC", "");
    if (time.textContent !== text) time.textContent = text;
  }
}

async function search(address) {
  history.pushState(null, "", address);
  try { await draw(["mentions"]); } catch { location.reload(); }
}

filters.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(filters)) if (value) given.set(name, value);
  search(`/?${given}#mentions`);
});
filters.addEventListener("change", (event) => { if (event.target.tagName === "SELECT") filters.requestSubmit(); });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-part-link]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  fill(new URL(link.href).searchParams);
  search(link.getAttribute("href"));
});

function fill(given) {
  for (const field of filters.elements) if (field.name) field.value = given.get(field.name) || "";
}

window.addEventListener("popstate", () => {
  fill(new URLSearchParams(location.search));
  draw(["mentions"]).catch(() => location.reload());
});

const theme = document.getElementById("theme");
const dark = () => (document.documentElement.dataset.theme ||
  (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const name = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `${theme.textContent} colours`); };
theme.hidden = false;
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  try { localStorage.setItem("theme", document.documentElement.dataset.theme); } catch { /* not kept, then */ }
  name();
});
name();

const wanted = document.querySelector(".wanted");
if (wanted) { wanted.scrollIntoView({ block: "start" }); wanted.focus({ preventScroll: true }); }
relative(document);
setInterval(() => relative(document), 15000);
refresh();
