import { homePath, put } from "../api.js";
import { fill, h } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, askDialog } from "../parts/dialog.js";
import { still } from "../parts/still.js";
import { ruleChoices } from "../words.js";

/** Cameras with still pictures, and the rule that says when the central station may see each. */
export function show({ root, signal, session }) {
  const list = h("div.grid.wide");
  let shown = "";
  fill(root, h("div.page-head", h("div", h("h1", "Cameras"), h("p", "Stills are taken when you look at this page. For each camera you decide when the central station may look through it."))), list);
  homeStore.watch((state, problem) => {
    if (!state) { fill(list, h("p.note.is-bad", problem.message)); return; }
    const now = JSON.stringify([state.gateway.state, state.cameras.map((c) => [c.id, c.name, c.rule, c.lost])]);
    if (now === shown) return;
    shown = now;
    fill(list, state.cameras.map((c) => card(state, c, session, signal)), state.cameras.length === 0 && h("p.empty", "No cameras are known."));
  }, signal);
}

function card(state, camera, session, signal) {
  const id = `rule-${camera.id}`;
  const mayChange = session.rights.includes("configureHome");
  const rule = h("select", { id, disabled: !mayChange, on: { change: (e) => act(e.currentTarget, async () => homeStore.take(await put(homePath(state.id, "cameras", camera.id), { rule: rule.value }))) } },
    ruleChoices.map(([value, words]) => h("option", { value, selected: value === camera.rule }, words)));
  return h("section.card.camera-card", { testid: `camera-${camera.id}` }, still(camera.stillUrl, camera.name, { signal }),
    h("div.body", h("div.title", h("h2", camera.name), camera.lost ? h("span.pill.is-bad", "Out of reach") : camera.talk && h("span.tag", "two-way talk")),
      h("div.field", h("label", { htmlFor: id }, "The central station may look in"), rule),
      h("div.actions", h("a.button.primary-link", { href: `#/camera/${encodeURIComponent(camera.id)}`, testid: `look-${camera.id}` }, "Look in live"),
        mayChange && h("button.plain", { type: "button", on: { click: (e) => rename(state.id, camera, e.currentTarget) } }, "Rename"))));
}

async function rename(home, camera, button) {
  const name = await askDialog(`Rename ${camera.name}`, "New name", "Rename");
  if (name) await act(button, async () => homeStore.take(await put(homePath(home, "cameras", camera.id), { name })));
}
