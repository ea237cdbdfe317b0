import { homePath, put } from "../api.js";
import { h } from "../dom.js";
import { act, confirmDialog } from "./dialog.js";
import { age, capital } from "../words.js";

const settable = {
  light: ["on", "level", "brightness", "color"], switch: ["on"], outlet: ["on"], plug: ["on"], lock: ["locked", "state"], siren: ["on"], shade: ["position"], garage: ["state"],
  thermostat: ["target", "target-temperature", "setpoint", "heat-setpoint", "cool-setpoint", "mode", "fan"],
};
const pairs = [["true", "false"], ["on", "off"], ["yes", "no"], ["locked", "unlocked"]];
const choices = { mode: ["off", "heat", "cool", "auto"], fan: ["auto", "on"] };

/** One value of a device with its age; with a control when the device can be told. */
export function propertyRow(state, device, property, session) {
  const canSet = (settable[device.type] ?? []).includes(property.name) && session.rights.includes("controlDevice");
  const isReachable = state.gateway.state === "connected" || state.gateway.state === "suspect";
  const words = capital(property.name.replaceAll("-", " "));
  const id = `p-${device.ref}-${property.name}`;
  const set = async (control, value) => {
    const opens = device.type === "lock" && ["false", "unlocked", "open"].includes(value);
    if (opens && !await confirmDialog(`Unlock ${device.name}?`, "The lock opens at once, and the log keeps your name.", "Unlock", { isDanger: true })) return;
    await act(control, () => put(homePath(state.id, "devices", device.ref, "properties", property.name), { value, ifAt: property.at }));
  };
  return h("div.prop", h("div", h("div.name", { id: `${id}-label` }, words), age(property.at)), h("div.control", canSet ? control(property, id, isReachable, set) : h("span.value", property.value ?? "unknown")));
}

function control(property, id, isReachable, set) {
  const pair = pairs.find((p) => p.includes(property.value));
  if (pair) {
    const isOn = property.value === pair[0];
    return [h("span.value", property.value === "true" ? "yes" : property.value === "false" ? "no" : property.value),
      h("button.switch", { type: "button", role: "switch", data: { key: id }, disabled: !isReachable, aria: { checked: String(isOn), labelledby: `${id}-label` }, on: { click: (e) => set(e.currentTarget, isOn ? pair[1] : pair[0]) } })];
  }
  if (choices[property.name]) {
    const values = choices[property.name].includes(property.value) ? choices[property.name] : [property.value, ...choices[property.name]];
    return h("select", { data: { key: id }, disabled: !isReachable, aria: { labelledby: `${id}-label` }, on: { change: (e) => set(e.currentTarget, e.currentTarget.value) } }, values.map((v) => h("option", { value: v, selected: v === property.value }, v)));
  }
  const isNumber = property.value !== null && property.value !== "" && !Number.isNaN(Number(property.value));
  const input = h("input", { type: isNumber ? "number" : "text", step: "any", value: property.value ?? "", data: { key: id }, disabled: !isReachable, aria: { labelledby: `${id}-label` }, required: true });
  return h("form.actions", { on: { submit: (e) => { e.preventDefault(); set(e.submitter, input.value); } } }, input, h("button.small", { type: "submit", disabled: !isReachable }, "Set"));
}
