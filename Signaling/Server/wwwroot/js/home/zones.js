import { homePath, post, put } from "../api.js";
import { fill, h } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, askDialog, openDialog } from "../parts/dialog.js";
import { simulateButton } from "../parts/simulate.js";
import { age, zoneLook, zoneWords } from "../words.js";
import { leftOut } from "./partition.js";

/** Zones: state, names, leaving out, and what would happen if one opened now. */
export function show({ root, signal, session }) {
  const list = h("section.card");
  fill(root, h("div.page-head", h("div", h("h1", "Zones"), h("p", "A zone that you leave out raises no alarm from the next arming until the next disarm; then it counts again by itself."))), list);
  homeStore.watch((state, problem) => {
    if (!state) { fill(list, h("p.note.is-bad", problem.message)); return; }
    const marked = leftOut.read();
    list.classList.toggle("is-stale", state.gateway.state !== "connected");
    fill(list, state.zones.length ? h("ul.rows", state.zones.map((z) => row(state, z, marked, session))) : h("p.empty", "No zones are known."));
  }, signal);
}

function row(state, zone, marked, session) {
  const partition = state.partitions.find((p) => p.number === zone.partition);
  const isDisarmed = !partition || partition.state === "disarmed";
  const key = (name) => ({ key: `${name}-${zone.number}` });
  return h("li", { testid: `zone-${zone.number}`, class: zone.lost ? "is-stale" : "" },
    h("span.main", h("div.value", zone.name), h("div.small.quiet", `Zone ${zone.number}, ${zone.kind ?? zone.type ?? "sensor"}${state.partitions.length > 1 ? `, partition ${zone.partition}` : ""}${zone.lost ? ", out of reach" : ""}`)),
    zone.inAlarm && h("span.tag.is-bad", "in alarm"), zone.bypassed && h("span.tag.is-warn", "left out until disarm"),
    h("span.pill", { class: zoneLook(zone) }, zoneWords(zone)), zone.at && age(zone.at),
    h("div.actions",
      h("button.small", { type: "button", testid: `what-if-${zone.number}`, data: key("if"), on: { click: (e) => act(e.currentTarget, () => whatIf(state.id, zone)) } }, "What if it opens?"),
      isDisarmed && session.rights.includes("arm") && h("button.small", { type: "button", data: key("out"), aria: { pressed: String(marked.has(zone.number)) }, on: { click: () => { marked.has(zone.number) ? marked.delete(zone.number) : marked.add(zone.number); leftOut.write(marked); homeStore.take(state); } } },
        marked.has(zone.number) ? "Left out at next arming" : "Leave out"),
      session.rights.includes("configureHome") && h("button.small", { type: "button", data: key("name"), on: { click: (e) => rename(state.id, zone, e.currentTarget) } }, "Rename"),
      simulateButton(state, zone)));
}

async function whatIf(home, zone) {
  const { words } = await post(homePath(home, "zones", zone.number, "what-if"));
  await openDialog(`If ${zone.name} opens now`, (close) => [h("p.note", { testid: "what-if-words" }, words), h("p.small.quiet", "Nothing was changed by asking."), h("div.row-end", h("button.primary", { type: "button", on: { click: () => close() } }, "Close"))]);
}

async function rename(home, zone, button) {
  const name = await askDialog(`Rename ${zone.name}`, "New name", "Rename");
  if (name) await act(button, async () => homeStore.take(await put(homePath(home, "zones", zone.number), { name })));
}
