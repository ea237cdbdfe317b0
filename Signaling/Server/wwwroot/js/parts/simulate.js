import { homePath, post } from "../api.js";
import { h } from "../dom.js";
import { act } from "./dialog.js";

const values = { motion: ["motion", "still"], smoke: ["alarm", "clear"] };
const words = { open: "Simulate opening", closed: "Simulate closing", motion: "Simulate motion", still: "End motion", alarm: "Simulate smoke", clear: "Clear smoke" };

/** Lets a simulated sensor report something; nothing for real sensors. */
export function simulateButton(state, zone) {
  const device = state.devices.find((d) => d.ref === zone.device);
  if (device?.protocol !== "simulated") return null;
  const value = (values[device.type] ?? ["open", "closed"])[zone.open ? 1 : 0];
  return h("button.small", {
    type: "button", testid: `simulate-${zone.number}`, data: { key: `simulate-${zone.number}` }, title: "This sensor is simulated",
    on: { click: (e) => act(e.currentTarget, () => post(homePath(state.id, "simulate"), { device: zone.device, zone: zone.number, value })) },
  }, words[value]);
}
