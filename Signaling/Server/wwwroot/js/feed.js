/** Changes of the server as they happen. `resync` fires when the stream came back, because changes may have been missed. */
class Feed extends EventTarget {
  #source = null;
  #broken = null;
  #retry = 0;

  open() {
    this.close();
    const source = this.#source = new EventSource("/api/events");
    for (const kind of ["home", "incident", "lookIn", "session", "gateway"])
      source.addEventListener(kind, (event) => this.#emit(kind, event.data));
    source.addEventListener("hello", () => this.#live());
    source.addEventListener("open", () => this.#live());
    source.addEventListener("error", () => {
      if (this.#broken === null) {
        this.#broken = Date.now();
        this.dispatchEvent(new CustomEvent("state", { detail: { live: false } }));
      }
      // A refused stream is not tried again by the browser.
      if (source.readyState === EventSource.CLOSED && this.#source === source) {
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.open(), 4000);
        this.dispatchEvent(new CustomEvent("refused"));
      }
    });
  }

  close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  /** Calls the handler for changes of these kinds, and after a gap, until the signal aborts. */
  on(kinds, handler, signal) {
    for (const kind of [].concat(kinds).concat("resync"))
      this.addEventListener(kind, (event) => handler(event.detail, kind), { signal });
  }

  #live() {
    const gap = this.#broken !== null;
    this.#broken = null;
    this.dispatchEvent(new CustomEvent("state", { detail: { live: true } }));
    if (gap) this.dispatchEvent(new CustomEvent("resync", { detail: {} }));
  }

  #emit(kind, data) {
    let detail = {};
    try { detail = JSON.parse(data); } catch { return; }
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

export const feed = new Feed();

/** Runs an asynchronous refresh at most once at a time; requests meanwhile lead to one more run. */
export function coalesce(refresh, wait = 120) {
  let timer = 0, running = false, again = false;
  const run = async () => {
    timer = 0;
    if (running) { again = true; return; }
    running = true;
    try { await refresh(); } finally {
      running = false;
      if (again) { again = false; trigger(); }
    }
  };
  const trigger = () => { if (!timer) timer = setTimeout(run, wait); };
  return trigger;
}
