import { get, homePath } from "./api.js";
import { coalesce, feed } from "./feed.js";

/** The state of the home on show, fetched again when the server says that it changed. */
class HomeStore extends EventTarget {
  state = null;
  problem = null;
  #home = null;
  #abort = null;
  #trigger = coalesce(() => this.refresh());

  open(home) {
    if (this.#home === home) return;
    this.close();
    this.#home = home;
    this.#abort = new AbortController();
    feed.on(["home", "lookIn", "gateway"], (change) => { if (!change.home || change.home === home) this.#trigger(); }, this.#abort.signal);
    this.refresh();
  }

  close() {
    this.#abort?.abort();
    this.#home = this.state = this.problem = null;
  }

  async refresh() {
    if (!this.#home) return;
    try {
      this.state = await get(homePath(this.#home));
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Takes a state that an answer carried. */
  take(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }

  /** Calls the handler now, if there is something to show, and at every change. */
  watch(handler, signal) {
    this.addEventListener("change", () => handler(this.state, this.problem), { signal });
    if (this.state || this.problem) handler(this.state, this.problem);
  }
}

export const homeStore = new HomeStore();
