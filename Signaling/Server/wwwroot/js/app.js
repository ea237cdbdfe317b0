import { onAuth } from "./api.js";
import { fill, h } from "./dom.js";
import { feed } from "./feed.js";
import { homeStore } from "./home-store.js";
import { askCode } from "./parts/dialog.js";
import { showLogin } from "./login.js";
import { find } from "./routes.js";
import { load, logout, session } from "./session.js";
import { Shell } from "./shell.js";

const app = document.getElementById("app");
let shell = null;
let leave = null;
let asking = null;

onAuth({
  lost: () => { if (session.user) toLogin("Your login ended. Log in again to go on."); },
  // Several refused requests share one dialog.
  secondFactor: () => asking ??= askCode().then((ok) => ok === true).finally(() => { asking = null; }),
});
feed.addEventListener("refused", () => { if (session.user) load().then((ok) => { if (!ok) toLogin("Your login ended. Log in again to go on."); }, () => {}); });

function toLogin(words = "") {
  leave?.abort();
  feed.close();
  homeStore.close();
  session.user = null;
  shell?.close();
  shell = null;
  document.querySelectorAll("dialog").forEach((d) => d.close());
  document.body.dataset.page = "login";
  showLogin(app, words, begin);
}

function begin() {
  if (!session.secondFactor.required || session.user.role === "homeOwner") feed.open();
  if (session.home) homeStore.open(session.home);
  shell = new Shell(app, async () => { await logout(); location.hash = ""; toLogin(); });
  route();
}

async function route() {
  if (!session.user || !shell) return;
  leave?.abort();
  const abort = leave = new AbortController();
  const { page, params } = find(session, location.hash);
  const main = shell.main;
  document.getElementById("toasts").replaceChildren();
  shell.select(page);
  document.body.dataset.page = page.path.split("/")[0];
  delete document.body.dataset.ready;
  try {
    const module = await page.page();
    if (abort.signal.aborted) return;
    const root = h("div.page");
    const context = { root, params, signal: abort.signal, session, shell };
    fill(main, root);
    await module.show(context);
    if (abort.signal.aborted) return;
    const heading = root.querySelector("h1")?.textContent;
    document.title = heading ? `${heading} - MediaRelay` : "MediaRelay";
    document.body.dataset.ready = document.body.dataset.page;
    if (main.dataset.routed) main.focus({ preventScroll: true });
    main.dataset.routed = "true";
    scrollTo(0, 0);
  } catch (error) {
    if (abort.signal.aborted) return;
    fill(main, h("div.page", h("h1", "This page cannot be shown"), h("p.note.is-bad", { role: "alert" }, error.message), h("div", h("button", { type: "button", on: { click: route } }, "Try again"))));
  }
}

addEventListener("hashchange", route);
load().then((ok) => ok ? begin() : toLogin(), (problem) => {
  fill(app, h("div.boot", h("p", problem.message), h("p", h("button", { type: "button", on: { click: () => location.reload() } }, "Try again"))));
});
