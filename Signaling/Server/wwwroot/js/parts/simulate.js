import { homePath, post } from "../api.js";
import { h, icon } from "../dom.js";
import { act, toast } from "./dialog.js";

const values = { motion: ["motion", "still"], smoke: ["alarm", "clear"] };
const words = { open: "Simulate opening", closed: "Simulate closing", motion: "Simulate motion", still: "End motion", alarm: "Simulate smoke", clear: "Clear smoke" };

/** Lets a simulated sensor report something; nothing for real sensors. */
export function simulateButton(state, zone) {
  const device = state.devices.find((d) => d.ref === zone.device);
  if (device?.protocol !== "simulated") return null;
  const value = (values[device.type] ?? ["open", "closed"])[zone.open ? 1 : 0];
  return h("button.small.demo-only", {
    type: "button", testid: `simulate-${zone.number}`, data: { key: `simulate-${zone.number}` }, title: "This sensor is simulated",
    on: { click: (e) => act(e.currentTarget, () => post(homePath(state.id, "simulate"), { device: zone.device, zone: zone.number, value })) },
  }, words[value]);
}

/** The keypad of a simulated home: what somebody in the hall would do. */
export function simulatedKeypad(state) {
  const code = h("input", { id: "keypad-code", testid: "keypad-code", type: "password", inputMode: "numeric", autocomplete: "off", pattern: "[0-9]{4,8}", maxLength: 8, required: true, aria: { describedby: "keypad-hint" } });
  const type = (e, mode) => {
    e.preventDefault();
    if (!code.reportValidity()) return;
    act(e.currentTarget, async () => {
      const answer = await post(homePath(state.id, "keypad"), { code: code.value, mode }, { headers: { Prefer: "wait=8" } });
      code.value = "";
      toast(answer.outcome === "done" ? "The keypad took the code." : "The home has not answered yet.");
    });
  };
  return h("section.card.demo-only", { testid: "keypad" }, h("div.card-head", h("h2", "Keypad of this simulated home"), h("span.tag", "demo")),
    h("form.form", { on: { submit: (e) => e.preventDefault() } }, h("div.field", h("label", { htmlFor: "keypad-code" }, "Code"), code, h("p.hint", { id: "keypad-hint" }, "Codes are given to people under People. The gateway checks them itself, without the server; after five wrong ones the keypad locks.")),
      h("div.actions", h("button.primary", { type: "submit", testid: "keypad-off", on: { click: (e) => type(e, "off") } }, icon("unlock"), "Disarm"), h("button", { type: "button", on: { click: (e) => type(e, "away") } }, icon("shield"), "Arm away"))));
}
