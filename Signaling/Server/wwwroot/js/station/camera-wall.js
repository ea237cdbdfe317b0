import { get, homePath, now } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { liveView, mayTalk } from "../parts/live-view.js";
import { ruleName } from "../words.js";

/** Cameras of an incident's home side by side; each is opened by a click of its own, and closed when the right ends. */
export function cameraWall(box, incident, signal) {
  const tiles = new Map();
  const list = h("div.wall");
  const words = h("p.small.quiet");
  const all = h("button.small", { type: "button", testid: "look-in-all" }, "Look in through all");
  const heads = new Map();
  fill(box, h("section.card", h("div.card-head", h("h2", "Cameras"), all), words, list));
  get(homePath(incident.home), { signal }).then((home) => { for (const c of home.cameras ?? []) heads.set(c.id, c); }, () => {});
  all.addEventListener("click", () => tiles.forEach((t) => t.open()));

  function tile(camera) {
    let abort = null;
    const body = h("div");
    const close = () => { abort?.abort(); abort = null; update(); };
    const closeButton = h("button.small.plain", { type: "button", hidden: true, on: { click: close } }, "Close");
    const element = h("article.tile", { testid: `camera-${camera.id}` }, h("h3", h("span", camera.name), closeButton), body);
    const state = { element, isAllowed: false, open, close };
    const button = h("button.primary", { type: "button", testid: `look-${camera.id}`, on: { click: open } }, icon("eye"), "Look in");

    function open() {
      if (abort || !state.isAllowed) return;
      abort = new AbortController();
      signal.addEventListener("abort", () => abort?.abort(), { once: true });
      closeButton.hidden = false;
      const known = heads.get(camera.id);
      fill(body, liveView({
        home: incident.home, incident: incident.id, purpose: "alarm", signal: abort.signal, isCompact: true,
        camera: { ...camera, talk: mayTalk(known), stillUrl: `/api/homes/${encodeURIComponent(incident.home)}/cameras/${encodeURIComponent(camera.id)}/still` },
      }));
    }
    function update() {
      if (abort) return;
      closeButton.hidden = true;
      fill(body, h("div.stage", h("div.no-picture", h("div", icon("camera"), state.isAllowed ? h("div", button) : h("span", state.refusal ?? "")))), h("p.small.quiet", `Owner's rule: ${ruleName(camera.rule).toLowerCase()}.`));
    }
    return Object.assign(state, { update });
  }

  return {
    update(view) {
      const ends = view.windowEnds ? Date.parse(view.windowEnds) : 0;
      const isOpen = ends > now();
      box.hidden = view.incident.state === "closed";
      for (const camera of view.cameras ?? []) {
        if (!tiles.has(camera.id)) tiles.set(camera.id, tile(camera));
        const state = tiles.get(camera.id);
        state.refusal = camera.rule === "never" ? "The owner never shows this camera to operators."
          : camera.rule === "onAlarmWhenAway" && !view.incident.whileAway ? "The owner shows this camera only for alarms raised while away."
          : view.incident.state === "closed" ? "The incident is closed."
          : view.incident.cancelled ? "The home cancelled the alarm; look-ins ended with it."
          : !isOpen ? "The look-in window is over. A supervisor may extend it." : "";
        state.isAllowed = !state.refusal;
        if (!state.isAllowed) state.close();
        else state.update();
      }
      const elements = [...tiles.values()].map((t) => t.element);
      // Moving a playing video would restart it, so tiles are placed once.
      if (list.childElementCount !== elements.length) fill(list, elements.length ? elements : h("p.empty", "This home has no camera."));
      words.textContent = isOpen ? "The people of the home see that you look in, and when you speak." : "";
      all.hidden = ![...tiles.values()].some((t) => t.isAllowed) || tiles.size < 2;
    },
  };
}
