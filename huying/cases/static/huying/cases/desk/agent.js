// One call without a mouse: everything known appears while the agent types.
const form = document.getElementById("agent"), where = document.getElementById("agent-addresses").dataset;
const field = (name) => form.elements[name], box = document.getElementById("place-options");
const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
const turns = new Map();

/** Ask for a part, and show only the latest answer. */
async function part(url, target, names) {
  const turn = (turns.get(target) || 0) + 1, body = new URLSearchParams();
  turns.set(target, turn);
  for (const name of names) body.set(name, field(name)?.value || "");
  try {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token, "HX-Request": "true" } });
    if (answer.ok && turns.get(target) === turn) document.getElementById(target).innerHTML = await answer.text();
  } catch { /* Without the network the form still works; only the hints are missing. */ }
}

function later(work, wait) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, wait); };
}

const caller = later(() => part(where.caller, "agent-caller", ["phone"]), 250);
const guess = later(() => part(where.guess, "agent-guess", ["words", "ledger"]), 250);
const nearby = later(() => { if (field("lng").value) part(where.nearby, "agent-nearby", ["lng", "lat", "ledger", "category", "follows"]); }, 100);

form.addEventListener("input", (event) => {
  if (event.target.name === "phone") caller();
  if (event.target.name === "words") guess();
  if (event.target.name === "address") places();
});
form.addEventListener("change", (event) => {
  if (event.target.name === "ledger") own();
  if (["category", "lng"].includes(event.target.name)) nearby();
});

// --- the ledger's own fields and categories
async function own() {
  const kept = new Map([...form.querySelectorAll("#agent-own [name]")].filter((each) => each.type !== "radio" || each.checked).map((each) => [each.name, each.value]));
  await window.htmx.ajax("GET", `${where.fields}?ledger=${encodeURIComponent(field("ledger").value)}`, { target: "#agent-own", swap: "outerHTML" });
  for (const each of form.querySelectorAll("#agent-own [name]")) {
    if (!kept.has(each.name)) continue;
    if (each.type === "radio") each.checked = each.value === kept.get(each.name); else each.value = kept.get(each.name);
  }
  guess();
}

// --- places: two letters, then Enter
let asked = 0;
const places = later(async () => {
  const words = field("address").value.trim(), turn = (asked += 1);
  if (words.length < 2) { close(); return; }
  const answer = await fetch(`${where.places}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok || turn !== asked) return;
  box.innerHTML = await answer.text();
  open();
  choose(0);
}, 120);

const options = () => [...box.querySelectorAll(".option[data-lng]")];
const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
function open() { box.hidden = false; field("address").setAttribute("aria-expanded", "true"); }
function close() { box.hidden = true; field("address").setAttribute("aria-expanded", "false"); }
function choose(place) {
  const all = options();
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
  all[place]?.scrollIntoView({ block: "nearest" });
  if (all[place]) field("address").setAttribute("aria-activedescendant", all[place].id);
}
function take(option) {
  field("address").value = option.dataset.title;
  close();
  asked += 1;
  document.getElementById("agent-map").dispatchEvent(new CustomEvent("place-set", { detail: { lng: Number(option.dataset.lng), lat: Number(option.dataset.lat) } }));
  field("lng").value = option.dataset.lng;
  field("lat").value = option.dataset.lat;
  field("address").dispatchEvent(new Event("change", { bubbles: true }));
  nearby();
  field("detail").focus();
}
field("address").addEventListener("keydown", (event) => {
  if (box.hidden || event.isComposing) return;
  const last = options().length - 1;
  if (event.key === "ArrowDown") choose(Math.min(last, chosen() + 1));
  else if (event.key === "ArrowUp") choose(Math.max(0, chosen() - 1));
  else if (event.key === "Enter" && chosen() >= 0) take(options()[chosen()]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
box.addEventListener("mousedown", (event) => {
  const option = event.target.closest(".option[data-lng]");
  if (option) { event.preventDefault(); take(option); }
});
field("address").addEventListener("blur", close);

// --- category by number, joining by J
function category(code) {
  field("category").value = code;
  field("category").dispatchEvent(new Event("change", { bubbles: true }));
  document.querySelectorAll("[data-guess]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.guess === code)));
}
function follow(button) {
  document.querySelector(".following")?.remove();
  const same = field("follows").value === button.dataset.follow;
  field("follows").value = same ? "" : button.dataset.follow;
  if (same) return;
  const note = document.createElement("p"), title = document.createElement("b"), undo = document.createElement("button");
  note.className = "following";
  note.setAttribute("role", "status");
  title.textContent = button.dataset.title;
  undo.type = "button";
  undo.className = "button button--quiet";
  undo.textContent = form.dataset.undoWord || "×";
  undo.addEventListener("click", () => { field("follows").value = ""; note.remove(); });
  note.append(form.dataset.followWord || "", title, undo);
  form.querySelector(".agent__submit").before(note);
}
form.addEventListener("click", (event) => {
  const number = event.target.closest("[data-guess]"), known = event.target.closest("[data-follow]");
  if (number) category(number.dataset.guess);
  if (known) follow(known);
  if (event.target.closest("[data-fresh]")) fresh();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); return; }
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  const pick = digit && (event.altKey || event.target === field("category")) && !event.ctrlKey;
  if (pick) {
    const button = document.querySelectorAll("[data-guess]")[Number(digit) - 1];
    if (button) { event.preventDefault(); category(button.dataset.guess); }
  } else if (event.altKey && event.code === "KeyJ") {
    event.preventDefault();
    const first = document.querySelector("#agent-nearby [data-follow]") || document.querySelector("#agent-caller [data-follow]");
    if (first) follow(first);
  } else if (event.altKey && event.code === "KeyN") { event.preventDefault(); fresh(); }
});
// A plain Enter in a line never sends half a call.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.matches("input:not([type=checkbox])")) event.preventDefault();
});

function fresh() {
  localStorage.removeItem("huying-draft:agent");
  window.location.assign(where.agent);
}

// What a draft or a refused form brought back speaks at once.
if (field("phone").value) caller();
if (field("words").value) guess();
nearby();
if (!document.querySelector("[data-error-summary]")) field("phone").focus();
