// The service worker of the field: pages come from the network, and from this phone when there is none. What belongs to one
// person is kept apart and goes away when they sign out or somebody else signs in. Posts are not touched here: the outbox sends.
const { version, assets } = self.HUYING, box = self.HuyingOutbox;
const SHELL = `field-shell-${version}`, PAGES = "field-pages-", KEPT_AT = "X-Kept-At", READER = "X-Field-User";
const SLOW_MS = 8e3, AT_ONCE = 3, SHELLS = 2;

// --- coming and going ------------------------------------------------------------------------------------

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(assets)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    // The shell before this one stays: pages that are already on the phone were made for it.
    const shells = (await caches.keys()).filter((name) => name.startsWith("field-shell-") && name !== SHELL);
    for (const name of shells.slice(0, Math.max(0, shells.length - SHELLS + 1))) await caches.delete(name);
    await self.clients.claim();
  })());
});

// --- whose pages -----------------------------------------------------------------------------------------

async function wipe(except = "") {
  for (const name of await caches.keys()) if (name.startsWith(PAGES) && name !== PAGES + except) await caches.delete(name);
  const day = await box.meta("day");
  if (day && day.user !== except) await box.setMeta("day", null);
}

async function mine() {
  const user = await box.meta("user");
  return user ? caches.open(PAGES + user) : null;
}

async function belongsTo(user) {
  if (await box.meta("user") === user) return;
  await wipe(user);
  await box.setMeta("user", user);
}

// Signing out begins a new term: what was asked for in an older one is not kept when it comes. One after the other,
// so that nothing is written into a cache that is being thrown away.
let term = 0, writing = Promise.resolve();
const inOrder = (act) => { writing = writing.then(act, act); return writing; };

const keep = (key, answer, since) => inOrder(async () => { if (since === term) await write(key, answer); });

async function write(key, answer) {
  const user = answer.headers.get(READER) || await box.meta("user");
  if (!user) return;
  if (answer.headers.get(READER)) await belongsTo(user);
  const headers = new Headers(answer.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  headers.set(KEPT_AT, String(Date.now()));
  await (await caches.open(PAGES + user)).put(key, new Response(await answer.blob(), { status: 200, headers }));
}

// --- answering -------------------------------------------------------------------------------------------

/** The page of this phone, saying of when it is; null when it is not here. */
async function kept(url) {
  const cache = await mine();
  if (!cache) return null;
  const plain = new URL(url);
  plain.hash = "";
  const exact = await cache.match(plain.href);
  plain.search = "";
  const found = exact || await cache.match(plain.href);
  if (!found) return null;
  if (!(found.headers.get("Content-Type") || "").includes("html")) return found;
  const at = Number(found.headers.get(KEPT_AT)), html = await found.text();
  // The page's own clock is that of its making; the phone's goes on.
  return new Response(html.replace(/ data-now="\d+"/, "").replace("<html ", `<html data-offline-since="${at}" `), { status: 200, headers: found.headers });
}

const within = (promise, milliseconds) => Promise.race([promise, new Promise((_resolve, reject) => { setTimeout(reject, milliseconds); })]);

async function page(event) {
  const since = term, copy = await kept(event.request.url), asked = fetch(event.request);
  try {
    const answer = await (copy ? within(asked, SLOW_MS) : asked);
    if (answer.status >= 502 && copy) return copy;
    if (answer.ok && answer.headers.get(READER)) event.waitUntil(keep(event.request.url.split("#")[0], answer.clone(), since));
    return answer;
  } catch {
    asked.catch(() => {});
    return copy || await kept(new URL("/field/offline/", self.location.href).href) || Response.error();
  }
}

/** Outlines of areas: the same all day, so the phone's copy will do when the network does not answer. */
async function outlines(event) {
  const since = term;
  try {
    const answer = await within(fetch(event.request), SLOW_MS);
    if (answer.ok) event.waitUntil(keep(event.request.url, answer.clone(), since));
    return answer;
  } catch { return await kept(event.request.url) || Response.error(); }
}

async function first(request, cacheOf) {
  const cache = await cacheOf();
  return await caches.match(request.url) || fetch(request).then((answer) => {
    if (answer.ok && cache) cache.put(request.url, answer.clone());
    return answer;
  });
}

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(first(request, () => caches.open(SHELL)));
  else if (request.mode === "navigate") { if (url.pathname.startsWith("/field/")) event.respondWith(page(event)); }
  else if (url.pathname.endsWith(".geojson")) event.respondWith(outlines(event));
  else if (request.destination === "image") event.respondWith(caches.match(request.url).then((found) => found || fetch(request)));
  // A part that can't be had now leaves the page as it is.
  else if (request.headers.get("HX-Request")) event.respondWith(fetch(request).catch(() => new Response(null, { status: 204 })));
});

// --- the day ---------------------------------------------------------------------------------------------

const whole = (address) => new URL(address, self.location.href).href;

async function fetchOne(address, since) {
  const answer = await fetch(whole(address), { credentials: "same-origin", redirect: "manual", cache: "no-store" }).catch(() => null);
  if (answer?.ok) await keep(whole(address), answer, since);
  return Boolean(answer?.ok) || Boolean(answer && answer.status >= 400 && answer.status < 500);
}

async function inTurn(addresses, since, after) {
  const rest = [...addresses];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (rest.length && since === term) { const one = rest.shift(); if (await fetchOne(one, since)) await after(one); }
  }));
}

async function theDay() {
  const since = term, known = await box.meta("day"), headers = known?.etag ? { "If-None-Match": known.etag } : {};
  const answer = await fetch("/field/day.json", { credentials: "same-origin", redirect: "manual", cache: "no-store", headers }).catch(() => null);
  if (!answer || since !== term) return;
  if (answer.type === "opaqueredirect") { await wipe(); await box.setMeta("user", null); return; }
  let day = known;
  if (answer.status === 200) {
    const { user, tasks, pages, data, images } = await answer.json();
    await belongsTo(user);
    day = { user, pages, data, images, tasks: tasks.length, etag: answer.headers.get("ETag"), have: known?.user === user ? known.have : {} };
  } else if (answer.status !== 304 || !day) return;
  await box.setMeta("day", day);
  const cache = await mine();
  const stays = new Set([...day.pages.map(([address]) => address), ...day.data, ...day.images].map(whole));
  const here = new Set((await cache.keys()).map((request) => request.url));
  // What is not of this day goes: tasks that others have now, photos of what is done.
  for (const url of here) if (!stays.has(url)) await cache.delete(url);
  const versions = new Map(day.pages);
  const old = (address) => day.have[address] !== versions.get(address) || !here.has(whole(address));
  await inTurn([...versions.keys()].filter(old), since, async (address) => { day.have[address] = versions.get(address); });
  await inTurn([...day.data, ...day.images].filter((address) => !here.has(whole(address))), since, async () => {});
  if (since !== term) return;
  day.have = Object.fromEntries(Object.entries(day.have).filter(([address]) => versions.has(address)));
  day.complete = [...versions].every(([address, version]) => day.have[address] === version);
  day.at = Date.now();
  await box.setMeta("day", day);
  for (const client of await self.clients.matchAll()) client.postMessage({ day: { at: day.at, tasks: day.tasks, complete: day.complete } });
}

let fetching = null;
self.addEventListener("message", (event) => {
  if (event.data === "signing out") {
    term += 1;
    event.waitUntil(inOrder(async () => { await wipe(); await box.setMeta("user", null); }).then(() => event.ports[0].postMessage("done")));
    return;
  }
  if (event.data !== "day") return;
  fetching ||= theDay().catch(() => {}).finally(() => { fetching = null; });
  event.waitUntil(fetching);
});

// The system wakes this worker when the network is back, also when no page is open.
self.addEventListener("sync", (event) => {
  if (event.tag !== "outbox") return;
  event.waitUntil(box.sync({ now: true }).then((result) => {
    if (result.lost || result.later) throw new Error("The outbox is not empty: again later.");
  }));
});
