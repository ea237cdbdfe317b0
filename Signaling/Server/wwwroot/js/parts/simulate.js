import { homePath, post } from "../api.js";
import { h } from "../dom.js";
import { act } from "./dialog.js";

/** Opens or closes a simulated zone; nothing for real sensors. */
export function simulateButton(state, zone) {
  const device = state.devices.find((d) => d.ref === zone.device);
  if (device?.protocol !== "simulated") return null;
  return h("button.small", {
    type: "button", testid: `simulate-${zone.number}`, data: { key: `simulate-${zone.number}` }, title: "This sensor is simulated",
    on: { click: (e) => act(e.currentTarget, () => post(homePath(state.id, "simulate"), { zone: zone.number, value: zone.open ? "closed" : "open" })) },
  }, zone.open ? "Simulate closing" : "Simulate opening");
}
