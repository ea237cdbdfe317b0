import { fill, h } from "../dom.js";
import { homeStore } from "../home-store.js";
import { propertyRow } from "../parts/property.js";

/** Devices with their values, and controls for those that can be set. */
export function show({ root, signal, session }) {
  const list = h("div.page");
  fill(root, h("div.page-head", h("div", h("h1", "Devices"), h("p", "Each value says when the device reported it. A change shows when the home confirms it."))), list);
  homeStore.watch((state, problem) => {
    if (!state) { fill(list, h("p.note.is-bad", problem.message)); return; }
    const isOld = state.gateway.state !== "connected";
    const card = (d) => h("section.card", { testid: `device-${d.ref}`, class: isOld || d.lost ? "is-stale" : "" },
      h("div.card-head", h("h2", d.name), d.lost ? h("span.pill.is-bad", "Out of reach") : h("span.tag", d.type ?? "device")),
      d.properties.length ? d.properties.map((p) => propertyRow(state, d, p, session)) : h("p.empty", "No value reported yet."),
      h("p.small.quiet", [d.protocol, d.zone ? `zone ${d.zone}` : null].filter(Boolean).join(", ")));
    const plain = state.devices.filter((d) => !d.zone), sensors = state.devices.filter((d) => d.zone);
    fill(list, plain.length > 0 && h("div.grid", plain.map(card)), sensors.length > 0 && [h("h2", "Sensors of the alarm"), h("div.grid", sensors.map(card))], state.devices.length === 0 && h("p.empty", "No devices are known. They appear when the gateway has told of its home."));
  }, signal);
}
