// Drafts: what is being filled in and was not handed over yet, kept on this phone.
import "./outbox-core.js";

const { run } = self.HuyingOutbox;

/** Who is signed in on this page. */
export const me = () => document.getElementById("work")?.dataset.user || "";

// A phone may be shared: everybody sees only what is their own.
const keyed = (key) => `${me()}/${key}`;

export const put = (record) => run("work", "readwrite", (store) => store.put({ ...record, key: keyed(record.name), user: me() }));
export const get = (name) => run("work", "readonly", (store) => store.get(keyed(name)));
export const remove = (name) => run("work", "readwrite", (store) => store.delete(keyed(name)));
