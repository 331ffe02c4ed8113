// What the server has not acknowledged yet: forms and their photos, kept on this phone (IndexedDB).
const me = () => document.getElementById("work")?.dataset.user || "";

const opened = () => new Promise((resolve, reject) => {
  const request = indexedDB.open("huying-field", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("work", { keyPath: "key" });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function run(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("work", mode), request = act(transaction.objectStore("work"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally { database.close(); }
}

// A phone may be shared: everybody sees only what is their own.
const keyed = (key) => `${me()}/${key}`;

export const put = (record) => run("readwrite", (store) => store.put({ ...record, key: keyed(record.name), user: me() }));
export const get = (name) => run("readonly", (store) => store.get(keyed(name)));
export const remove = (name) => run("readwrite", (store) => store.delete(keyed(name)));
export const waiting = async () => (await run("readonly", (store) => store.getAll())).filter((record) => record.user === me() && record.waiting);
