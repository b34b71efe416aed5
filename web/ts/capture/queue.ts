/*
 * Photos and files that wait on this device, in IndexedDB: shared by the page and its service worker. Each has the key by
 * which a repeated try makes nothing twice, and the login it was taken under: nobody else's account gets it.
 */

export type State = "waiting" | "sending" | "sent" | "refused" | "login" | "other";

export interface Shot {
  key: string;
  owner: string;
  name: string;
  at: number;
  state: State;
  /** Gone once the server has it. */
  file?: Blob | undefined;
  /** Why it was refused. */
  said?: string;
  /** The documents that it became. */
  documents?: string[];
}

const SHOTS = "shots";
const NOTES = "notes";

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open("outlay-capture", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(SHOTS, { keyPath: "key" });
      request.result.createObjectStore(NOTES);
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

async function on<T>(store: string, mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return new Promise((done, failed) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = ask(transaction.objectStore(store));
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
  });
}

/** All of them, the oldest first. */
export async function all(): Promise<Shot[]> {
  const found = (await on(SHOTS, "readonly", (s) => s.getAll())) as Shot[];
  return found.sort((a, b) => a.at - b.at);
}

export const put = (shot: Shot): Promise<unknown> => on(SHOTS, "readwrite", (s) => s.put(shot));

export const drop = (key: string): Promise<unknown> => on(SHOTS, "readwrite", (s) => s.delete(key));

/** Takes a file in, durably, before anything else is done with it. */
export async function add(file: File): Promise<Shot> {
  const shot: Shot = {
    key: crypto.randomUUID(),
    owner: await owner(),
    name: file.name || `photo-${Date.now()}.jpg`,
    at: Date.now() + Math.random(),
    state: "waiting",
    // A camera's file may be gone after a reload: its bytes are kept.
    file: new Blob([await file.arrayBuffer()], { type: file.type }),
  };
  await put(shot);
  return shot;
}

/** Who was last known to be logged in on this device: an id, no name. */
export const owner = async (): Promise<string> => ((await on(NOTES, "readonly", (s) => s.get("owner"))) as string | undefined) ?? "";

export const setOwner = (id: string): Promise<unknown> => on(NOTES, "readwrite", (s) => s.put(id, "owner"));
