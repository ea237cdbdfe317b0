import { homePath, put } from "../api.js";
import { h } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, confirmDialog, toast } from "./dialog.js";
import { age, capital } from "../words.js";

const settable = {
  light: ["on", "level", "brightness", "color"], switch: ["on"], outlet: ["on"], plug: ["on"], lock: ["locked", "state"], siren: ["on"], shade: ["position"], garage: ["state"],
  thermostat: ["target", "target-temperature", "setpoint", "heat-setpoint", "cool-setpoint", "mode", "fan"],
};
const pairs = [["true", "false"], ["on", "off"], ["yes", "no"], ["locked", "unlocked"]];
const choices = { mode: ["off", "heat", "cool", "auto"], fan: ["auto", "on"] };

const isSettable = (device, property, session) => (settable[device.type] ?? []).includes(property.name) && session.rights.includes("controlDevice");

/** Sets a property and says what the home answered. */
const setter = (state, device, property) => async (control, value) => {
  const closes = ["locked", "closed"].includes(property.name) ? ["true", "yes", "on"].includes(value) : property.name === "open" ? ["false", "no", "off"].includes(value) : ["locked", "closed"].includes(value);
  const opens = ["lock", "garage"].includes(device.type) && !closes;
  if (opens && !await confirmDialog(`Unlock ${device.name}?`, "The lock opens at once, and the log keeps your name.", "Unlock", { isDanger: true })) return;
  await act(control, async () => {
    const answer = await put(homePath(state.id, "devices", device.ref, "properties", property.name), { value, ifAt: property.at }, { headers: { Prefer: "wait=8" } });
    if (answer?.outcome !== "done") toast("The home has not confirmed it yet. The order lapses after 30 s.", { isBad: true });
    await homeStore.refresh();
  });
};

/** A device as a tile: its name, its main value with the age, and the control for it. */
export function quickDevice(state, device, session) {
  const isReachable = state.gateway.state === "connected" || state.gateway.state === "suspect";
  const switchable = device.properties.find((p) => isSettable(device, p, session) && pairs.some((pair) => pair.includes(p.value)));
  const main = switchable ?? device.properties.find((p) => p.name === "temperature") ?? device.properties[0];
  const id = `q-${device.ref}`;
  return h("li", { class: device.lost ? "is-stale" : "" },
    h("div", h("div.strong", { id: `${id}-label` }, device.name), h("div.small", h("span.value", shortWords(device, main)), " ", age(main.at))),
    switchable && control(switchable, id, isReachable, setter(state, device, switchable), true));
}

/** "On", "Locked", "20.5 degrees" for the main value of a device. */
function shortWords(device, property) {
  const isYes = pairs.some((pair) => pair[0] === property.value), isNo = pairs.some((pair) => pair[1] === property.value);
  if (property.name === "on") return isYes ? "On" : "Off";
  if (property.name === "locked") return isYes ? "Locked" : "Unlocked";
  if (property.name === "temperature") return `${property.value} \u00b0C`;
  return isYes || isNo ? `${capital(property.name)}: ${isYes ? "yes" : "no"}` : `${capital(property.name.replaceAll("-", " "))} ${property.value}`;
}

/** One value of a device with its age; with a control when the device can be told. */
export function propertyRow(state, device, property, session) {
  const canSet = isSettable(device, property, session);
  const isReachable = state.gateway.state === "connected" || state.gateway.state === "suspect";
  const words = capital(property.name.replaceAll("-", " "));
  const id = `p-${device.ref}-${property.name}`;
  const set = setter(state, device, property);
  return h("div.prop", h("div", h("div.name", { id: `${id}-label` }, words), age(property.at)), h("div.control", canSet ? control(property, id, isReachable, set) : h("span.value", property.name === "temperature" ? `${property.value} \u00b0C` : property.value ?? "unknown")));
}

function control(property, id, isReachable, set, isBare = false) {
  const pair = pairs.find((p) => p.includes(property.value));
  if (pair) {
    const isOn = property.value === pair[0];
    const told = { on: ["on", "off"], locked: ["locked", "unlocked"] }[property.name] ?? ["yes", "no"];
    return [!isBare && h("span.value", ["true", "false"].includes(property.value) ? told[isOn ? 0 : 1] : property.value),
      h("button.switch", { type: "button", role: "switch", data: { key: id }, disabled: !isReachable, aria: { checked: String(isOn), labelledby: `${id}-label` }, on: { click: (e) => set(e.currentTarget, isOn ? pair[1] : pair[0]) } })];
  }
  if (choices[property.name]) {
    const values = choices[property.name].includes(property.value) ? choices[property.name] : [property.value, ...choices[property.name]];
    return h("select", { data: { key: id }, disabled: !isReachable, aria: { labelledby: `${id}-label` }, on: { change: (e) => set(e.currentTarget, e.currentTarget.value) } }, values.map((v) => h("option", { value: v, selected: v === property.value }, v)));
  }
  if (["level", "brightness", "position"].includes(property.name)) {
    const told = h("output", { class: "value" }, `${property.value} %`);
    return [h("input.range", { type: "range", min: 0, max: 100, step: 5, value: property.value, data: { key: id }, disabled: !isReachable, aria: { labelledby: `${id}-label` },
      on: { input: (e) => { told.textContent = `${e.target.value} %`; }, change: (e) => set(e.currentTarget, e.currentTarget.value) } }), told];
  }
  if (/target|setpoint/.test(property.name) && !Number.isNaN(Number(property.value))) {
    const step = (by, words, sign) => h("button.round.small", { type: "button", data: { key: `${id}${sign}` }, disabled: !isReachable, aria: { label: `${words} to ${Number(property.value) + by} degrees` }, on: { click: (e) => set(e.currentTarget, String(Number(property.value) + by)) } }, sign);
    return [step(-0.5, "Lower", "\u2212"), h("span.value", `${property.value} \u00b0C`), step(0.5, "Raise", "+")];
  }
  const isNumber = property.value !== null && property.value !== "" && !Number.isNaN(Number(property.value));
  const input = h("input", { type: isNumber ? "number" : "text", step: "any", value: property.value ?? "", data: { key: id }, disabled: !isReachable, aria: { labelledby: `${id}-label` }, required: true });
  return h("form.actions", { on: { submit: (e) => { e.preventDefault(); set(e.submitter, input.value); } } }, input, h("button.small", { type: "submit", disabled: !isReachable }, "Set"));
}
