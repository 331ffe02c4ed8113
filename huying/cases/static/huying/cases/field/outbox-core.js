// The outbox: what has been filled in and has not arrived yet. Pages (imported) and the service worker (importScripts)
// run this same file. A form lies in IndexedDB before anything says "kept"; it leaves only on the server's own word.
self.HuyingOutbox ||= (() => {
  const DATABASE = "huying-field", VERSION = 2, LOCK = "huying-outbox";
  const FIRST_TRY_MS = 5e3, LAST_TRY_MS = 5 * 60e3, SILENCE_MS = 60e3;
  const news = "BroadcastChannel" in self ? new BroadcastChannel(LOCK) : null;

  // --- storage -------------------------------------------------------------------------------------------

  const opened = () => new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      const database = request.result;
      if (oldVersion < 1) database.createObjectStore("work", { keyPath: "key" });
      const outbox = database.createObjectStore("outbox", { keyPath: "id" });
      outbox.createIndex("seq", "seq");
      database.createObjectStore("meta", { keyPath: "name" });
      if (oldVersion < 1) return;
      // Forms that an earlier version of the app kept for sending.
      let seq = 0;
      request.transaction.objectStore("work").openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        const old = cursor.value, id = new Map(old.fields).get("client_id");
        if (old.waiting && id) {
          seq += 1;
          outbox.put({ ...old, id, kind: old.name.split(/[-:]/)[0], subject: id, seq, state: "waiting", tries: 0, next_at: 0 });
          cursor.delete();
        }
        cursor.continue();
      };
    };
    request.onsuccess = () => { request.result.onversionchange = () => request.result.close(); resolve(request.result); };
    request.onerror = () => reject(request.error);
  });

  /** Run `act(store)`; done only when the transaction is on the disk. */
  async function run(name, mode, act) {
    const database = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(name, mode, { durability: "strict" }), request = act(transaction.objectStore(name));
        transaction.oncomplete = () => resolve(request?.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } finally { database.close(); }
  }

  const get = (id) => run("outbox", "readonly", (store) => store.get(id));
  // A channel does not hear itself: the page that changed something is told beside it.
  const told = () => { news?.postMessage("changed"); self.document?.dispatchEvent(new Event("outbox-changed")); };
  const put = async (record) => { await run("outbox", "readwrite", (store) => store.put(record)); told(); };
  const remove = async (id) => { await run("outbox", "readwrite", (store) => store.delete(id)); told(); };
  /** The person's records in the order in which they were made. */
  const all = async (user) => (await run("outbox", "readonly", (store) => store.index("seq").getAll())).filter((record) => record.user === user);
  const meta = async (name) => (await run("meta", "readonly", (store) => store.get(name)))?.value;
  const setMeta = (name, value) => run("meta", "readwrite", (store) => store.put({ name, value }));

  /** Change a record if it is still there; what was thrown away meanwhile stays away. */
  async function change(id, changes) {
    let after = null;
    await run("outbox", "readwrite", (store) => {
      const request = store.get(id);
      request.onsuccess = () => { if (request.result) { after = { ...request.result, ...changes }; store.put(after); } };
      return request;
    });
    told();
    return after;
  }

  /** Put a new record at the end of the queue; the same id again replaces it and keeps its place. */
  async function enqueue(record) {
    await run("outbox", "readwrite", (store) => {
      const known = store.get(record.id);
      known.onsuccess = () => {
        const write = (seq) => store.put({ ...record, seq, state: "waiting", tries: 0, next_at: 0, said: "", answer: "", theirs: null });
        if (known.result) { write(known.result.seq); return; }
        const last = store.index("seq").openKeyCursor(null, "prev");
        last.onsuccess = () => write((last.result?.key || 0) + 1);
      };
      return known;
    });
    told();
  }

  // --- sending -------------------------------------------------------------------------------------------

  function bodyOf(record, csrf) {
    const body = new FormData();
    for (const [name, value] of record.fields) if (name !== "client_id") body.append(name, value);
    body.set("client_id", record.id);
    body.set("csrfmiddlewaretoken", csrf);
    for (const [name, photos] of Object.entries(record.photos || {})) {
      photos.forEach((photo, place) => body.append(name, new File([photo.blob], `${name}-${place + 1}.jpg`, { type: "image/jpeg" })));
      body.append(`${name}_seen`, JSON.stringify(photos.map(({ at, lng, lat }) => ({ at, lng, lat }))));
    }
    // The last word: without it the request broke off on its way, and the server takes nothing of it.
    body.append("whole", "1");
    return body;
  }

  const headersOf = (record, how, body) => ({ "X-Work": how, "X-Work-User": record.user, "X-Work-Parts": String([...body].length), "X-Work-Age": String(Math.max(0, Math.round((Date.now() - record.at) / 1e3) || 0)) });

  /** What the server's answer means for the record. */
  function judged({ status, url, type, text }) {
    if (new URL(url, self.location.href).pathname.startsWith("/accounts/") || status === 401) return { state: "waiting", signIn: true };
    if (status >= 500 || status === 408 || status === 429) return { state: "waiting", later: true };
    let json = null;
    if (type.includes("json")) try { json = JSON.parse(text); } catch { return { state: "waiting", later: true }; }
    if (status === 200 && json?.url) return { state: "done", url: json.url, words: json.words || "" };
    if ([403, 404, 409].includes(status) && json) return { state: "conflict", said: json.sentence, theirs: json.now };
    if (status === 403) return { state: "waiting", stale: true };
    return { state: "refused", status, answer: text };
  }

  /** Send by fetch, without a page: for the service worker. */
  async function byFetch(record, csrf) {
    const away = new AbortController(), timer = setTimeout(() => away.abort(), SILENCE_MS * 3);
    try {
      const body = bodyOf(record, csrf);
      const answer = await fetch(record.url, { method: "POST", body, headers: headersOf(record, "background", body), credentials: "same-origin", signal: away.signal });
      return judged({ status: answer.status, url: answer.url, type: answer.headers.get("Content-Type") || "", text: await answer.text() });
    } catch { return { state: "waiting", lost: true }; } finally { clearTimeout(timer); }
  }

  /** Who is signed in: {user, csrf}, or {signedOut}, or {lost}. Asked anew before each run: phones change hands. */
  async function whoami() {
    const away = new AbortController(), timer = setTimeout(() => away.abort(), SILENCE_MS);
    try {
      const answer = await fetch("/field/session.json", { credentials: "same-origin", cache: "no-store", redirect: "manual", signal: away.signal });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return { signedOut: true };
      return answer.ok ? await answer.json() : { lost: true };
    } catch { return { lost: true }; } finally { clearTimeout(timer); }
  }

  const backOff = (tries) => Math.min(LAST_TRY_MS, FIRST_TRY_MS * 2 ** Math.min(tries, 10)) * (0.8 + Math.random() * 0.4);

  /** The next one to send: in order, and of one subject only when what came before it has arrived. */
  async function next(user, tried, now) {
    const blocked = new Set();
    for (const record of await all(user)) {
      if (record.state === "done") continue;
      const open = record.state === "waiting" || record.state === "sending";
      if (open && !blocked.has(record.subject) && !tried.has(record.id) && (now || record.next_at <= Date.now())) return record;
      blocked.add(record.subject);
    }
    return null;
  }

  async function settle(record, answer) {
    if (answer.state === "done") {
      const { id, user, kind, title, subject, seq, at } = record;
      if (await get(id)) await put({ id, user, kind, title, subject, seq, at, state: "done", done_at: Date.now(), url: answer.url, words: answer.words });
    } else if (answer.state === "waiting") {
      const waits = answer.signIn || answer.stale;
      await change(record.id, { state: "waiting", tries: record.tries + (waits ? 0 : 1), next_at: waits ? 0 : Date.now() + backOff(record.tries) });
    } else await change(record.id, { state: answer.state, said: answer.said || "", answer: answer.answer || "", status: answer.status || 409, theirs: answer.theirs || null });
  }

  async function sendAll({ send, now }) {
    let who = await whoami();
    if (who.lost || who.signedOut) return who;
    const tried = new Set(), renewed = new Set(), result = { user: who.user };
    for (;;) {
      const record = await next(who.user, tried, now);
      if (!record) return result;
      if (!await change(record.id, { state: "sending", since: Date.now() })) continue;
      const answer = await send(record, who.csrf);
      await settle(record, answer);
      if (answer.stale && !renewed.has(record.id)) {
        renewed.add(record.id);
        who = await whoami();
        if (who.lost || who.signedOut || who.user !== result.user) return who;
        continue;
      }
      tried.add(record.id);
      if (answer.lost) return { ...result, lost: true };
      if (answer.signIn) return { signedOut: true };
      if (answer.later || answer.stale) result.later = true;
    }
  }

  /** Send what waits, one page or worker of this phone at a time. `now` does not wait for the back-off. */
  function sync({ send = byFetch, now = false } = {}) {
    const act = () => sendAll({ send, now });
    return navigator.locks ? navigator.locks.request(LOCK, act) : act();
  }

  /** What was done on earlier days is told no more. */
  async function prune(user) {
    const today = new Date().setHours(0, 0, 0, 0);
    for (const record of await all(user)) if (record.state === "done" && record.done_at < today) await remove(record.id);
  }

  /** A random UUID, also where the page is not a secure context. */
  function uuid() {
    if (self.crypto.randomUUID) return self.crypto.randomUUID();
    const bytes = self.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  return { run, get, put, remove, change, all, meta, setMeta, enqueue, bodyOf, headersOf, judged, sync, prune, uuid, news, SILENCE_MS };
})();
