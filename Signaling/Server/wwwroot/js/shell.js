import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { coalesce, feed } from "./feed.js";
import { homeStore } from "./home-store.js";
import { openDialog } from "./parts/dialog.js";
import { pagesOf } from "./routes.js";
import { session } from "./session.js";
import { age, isStation, roleName } from "./words.js";

const mainPages = 4;

/** The frame around every page: navigation, banners that must be seen everywhere, and the main area. */
export class Shell {
  #abort = new AbortController();
  #nav = h("nav.stack", { aria: { label: "Pages" } });
  #bottom = h("nav.tabs-bottom.only-phone", { aria: { label: "Pages" } });
  #banners = h("div.banners", { role: "status", aria: { live: "polite" } });
  #feedNote = h("p", { hidden: true });
  #isLive = true;
  #page = null;
  #count = 0;
  #logout;

  main = h("main", { id: "main", tabIndex: -1 });

  constructor(app, logout) {
    this.#logout = logout;
    this.#nav.classList.replace("stack", "nav");
    app.removeAttribute("aria-busy");
    fill(app,
      h("button.skip", { type: "button", on: { click: () => this.main.focus() } }, "Skip to the page"),
      h("div.shell",
        h("aside.side", this.#brand(), this.#nav, h("div.side-foot",
          h("div", h("strong", session.user.name), h("div", roleName(session.user.role))), this.#feedNote,
          h("div.side-tools", themeButton(), h("button.small.plain", { type: "button", testid: "logout", on: { click: () => logout() } }, icon("out"), "Log out")))),
        h("div.frame", h("header.topbar", this.#brand(), themeButton()), this.#banners, this.main)),
      this.#bottom);
    const signal = this.#abort.signal;
    feed.addEventListener("state", (e) => { this.#isLive = e.detail.live; this.#showBanners(); }, { signal });
    homeStore.watch(() => this.#showBanners(), signal);
    if (isStation(session.user.role) && !session.secondFactor.required) {
      const refresh = coalesce(() => this.#refreshCount());
      feed.on("incident", refresh, signal);
      refresh();
    }
  }

  close() { this.#abort.abort(); }

  /** Marks the page in the navigation. */
  select(page) {
    this.#page = page;
    this.#showNav();
  }

  #brand() {
    return h("a.brand", { href: "#/" }, h("img", { src: "/favicon.svg", alt: "", width: 28, height: 28 }), "MediaRelay");
  }

  #showNav() {
    const pages = pagesOf(session);
    const current = this.#page?.parent ?? this.#page?.path;
    const link = (page, kind) => h(kind, { href: `#/${page.path}`, data: { key: `${kind}-${page.path}` }, aria: { current: page.path === current ? "page" : null } },
      icon(page.icon), h("span", kind === "a" ? page.short ?? page.words : page.words), page.count && this.#count > 0 ? h("span.count", { aria: { label: `${this.#count} open` } }, String(this.#count)) : null);
    fill(this.#nav, pages.map((p) => [p.group && h("p.nav-group", p.group), link(p, "a.nav-link")]));
    const isMore = pages.findIndex((p) => p.path === current) >= mainPages;
    fill(this.#bottom, pages.slice(0, mainPages).map((p) => link(p, "a")),
      h("button", { type: "button", data: { key: "more" }, aria: { current: isMore ? "page" : null, haspopup: "dialog" }, on: { click: () => this.#more(pages.slice(mainPages)) } }, icon("more"), h("span", "More")));
  }

  #more(pages) {
    openDialog("More", (close) => [
      h("nav.nav", pages.map((p) => h("a.nav-link", { href: `#/${p.path}`, on: { click: () => close() } }, icon(p.icon), p.words))),
      h("p.small.quiet", `${session.user.name}, ${roleName(session.user.role)}`),
      h("div.row-end", h("button", { type: "button", on: { click: () => { close(); this.#logout(); } } }, icon("out"), "Log out"), h("button", { type: "button", on: { click: () => close() } }, "Close")),
    ]);
  }

  async #refreshCount() {
    const list = await get("/api/incidents?state=open").catch(() => null);
    if (!list) return;
    this.#count = list.incidents.filter((i) => !i.claimedBy).length;
    this.#showNav();
  }

  #showBanners() {
    const state = homeStore.state;
    const gateway = state?.gateway?.state;
    const looks = state?.privacy?.activeLookIns ?? [];
    const others = looks.filter((l) => l.actor !== session.user.name && l.actor !== session.user.id);
    const people = others.reduce((m, l) => m.set(l.actor, [...(m.get(l.actor) ?? []), l]), new Map());
    const cameraName = (id) => state.cameras?.find((c) => c.id === id)?.name ?? id;
    fill(this.#banners,
      !this.#isLive && h("div.banner.is-warn", { testid: "feed-banner" }, icon("alert"), h("span.grow", "The connection to the server is broken. What you see may be old; it is renewed as soon as the server answers.")),
      gateway === "lost" && h("div.banner.is-bad", { testid: "gateway-lost" }, icon("alert"), h("span.grow", h("strong", "Gateway lost. "), "The home is out of reach; last heard ", age(state.gateway.lastHeard, { stale: 1e9 }), ". Values are the last that were reported.")),
      gateway === "suspect" && h("div.banner.is-warn", { testid: "gateway-suspect" }, icon("alert"), h("span.grow", "The gateway went silent ", age(state.gateway.lastHeard), ". Values may be old.")),
      [...people.values()].map((list) => h("div.banner.is-look", { testid: "look-in-banner" }, icon("eye"), h("span.grow", h("strong", `${list[0].actor} looks in now`), ` through ${list.map((l) => cameraName(l.camera)).join(" and ")}${list[0].purpose ? `, for ${list[0].purpose}` : ""}${list.some((l) => l.talked) ? ", and spoke" : ""}. For `, age(list[0].from, { suffix: "", stale: 1e9 }), "."),
        h("a.button.small", { href: "#/privacy" }, "Details"))));
  }
}

function themeButton() {
  const button = h("button.round.small", { type: "button", testid: "theme" });
  const show = () => {
    const isDark = window.portalTheme.current() === "dark";
    fill(button, icon(isDark ? "sun" : "moon"));
    button.setAttribute("aria-label", isDark ? "Use light colours" : "Use dark colours");
    button.title = button.getAttribute("aria-label");
  };
  button.addEventListener("click", () => { window.portalTheme.toggle(); document.querySelectorAll("[data-testid=theme]").forEach((b) => b.dispatchEvent(new Event("theme"))); });
  button.addEventListener("theme", show);
  show();
  return button;
}
