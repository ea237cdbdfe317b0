import { homePath, post, put } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, askDialog, openDialog } from "../parts/dialog.js";
import { simulateButton, simulatedKeypad } from "../parts/simulate.js";
import { age, bypassWords, kindWords, zoneIcon, zoneLook, zoneWords } from "../words.js";
import { said } from "./partition.js";

/** The look of a zone in lists: in alarm, left out, open, silent or quiet. */
export const zoneClass = (z) => z.inAlarm ? "is-alarm" : bypassWords(z) ? "is-out" : !z.at ? "is-silent" : z.open ? "is-open" : "";

/** Zones: state, names, leaving out, and what would happen if one opened now. */
export function show({ root, signal, session }) {
  const list = h("section.card");
  const keypad = h("div");
  fill(root, h("div.page-head", h("div", h("h1", "Zones"), h("p", "A zone is a sensor that the alarm watches. One that is left out raises no alarm; unless you say otherwise it counts again after the next disarm."))), list, keypad);
  homeStore.watch((state, problem) => {
    if (!state) { fill(list, h("p.note.is-bad", { role: "alert" }, problem.message)); return; }
    list.classList.toggle("is-stale", state.gateway.state !== "connected");
    fill(list, state.zones.length ? h("ul.rows", state.zones.map((z) => row(state, z, session))) : h("p.empty", "No zones are known. They appear when the gateway has told of its home."));
    if (!keypad.childElementCount && state.devices.some((d) => d.protocol === "simulated")) fill(keypad, simulatedKeypad(state));
  }, signal);
}

function row(state, zone, session) {
  const partition = state.partitions.find((p) => p.number === zone.partition);
  const key = (name) => ({ key: `${name}-${zone.number}` });
  const out = bypassWords(zone);
  const isReachable = state.gateway.state === "connected" || state.gateway.state === "suspect";
  return h("li.zone", { testid: `zone-${zone.number}`, class: `${zoneClass(zone)} ${zone.lost ? "is-stale" : ""}` },
    h("span.sign", icon(zoneIcon(zone))),
    h("span.main", h("div.value", zone.name), h("div.small.quiet", `Zone ${zone.number}: ${kindWords(zone)}${state.partitions.length > 1 ? `, partition ${zone.partition}` : ""}${zone.lost ? ", out of reach" : ""}`)),
    zone.inAlarm && h("span.tag.is-bad", "in alarm"), out && h("span.tag.is-warn", { testid: `bypass-${zone.number}` }, out),
    h("span.pill", { class: zoneLook(zone) }, zoneWords(zone)), zone.at && age(zone.at),
    h("div.actions",
      h("button.small", { type: "button", testid: `what-if-${zone.number}`, data: key("if"), disabled: !isReachable, on: { click: (e) => act(e.currentTarget, () => whatIf(state.id, zone)) } }, "What if it opens?"),
      session.rights.includes("bypass") && zone.kind !== "24-hour" && h("button.small", { type: "button", testid: `leave-out-${zone.number}`, data: key("out"), disabled: !isReachable, on: { click: (e) => leaveOut(state, zone, partition, e.currentTarget) } }, out ? "Left out ..." : "Leave out ..."),
      session.rights.includes("configureHome") && h("button.small.plain", { type: "button", data: key("name"), aria: { label: `Rename ${zone.name}` }, on: { click: (e) => rename(state.id, zone, e.currentTarget) } }, "Rename"),
      simulateButton(state, zone)));
}

async function whatIf(home, zone) {
  const answer = await post(homePath(home, "zones", zone.number, "what-if"));
  const line = (term, words) => h("div", h("dt", term), h("dd", { class: /^Alarm|then an alarm/.test(words) ? "is-alarm" : "" }, words));
  await openDialog(`If ${zone.name} opens`, (close) => [
    h("dl.answers", { testid: "what-if-words" }, line("Now", answer.now), line("Armed away", answer.away), line("Armed stay", answer.stay), line("Armed night", answer.night)),
    h("p.small.quiet", "The gateway of the home answered this from its own rules. Nothing was changed by asking."), h("div.row-end", h("button.primary", { type: "button", on: { click: () => close() } }, "Close"))]);
}

async function leaveOut(state, zone, partition, button) {
  const isArmed = partition && partition.state !== "disarmed";
  const current = zone.bypass === "always" ? "always" : zone.bypassed || zone.bypass === "once" ? "once" : "off";
  const mode = await openDialog(`Leave ${zone.name} out?`, (close) => {
    const choice = (value, words, more) => h("label.choice", h("input", { type: "radio", name: "bypass", value, checked: value === current, disabled: isArmed && value !== "off" && value !== current }), words, h("small", more));
    return h("form", { on: { submit: (e) => { e.preventDefault(); close(new FormData(e.target).get("bypass")); } } },
      isArmed && h("p.note", "The home is armed. A zone can be watched again now; to leave one out, disarm first."),
      h("fieldset.stack", h("legend.visually-hidden", "How"), choice("off", "Watch it", "It raises alarms as usual."), choice("once", "Until the next disarm", "It counts again by itself, so that nobody forgets it."), choice("always", "Until taken back", "It stays out, over every disarm. The home page keeps showing it.")),
      h("div.row-end", h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button.primary", { type: "submit", testid: "bypass-save" }, "Save")));
  }, { testid: "bypass-dialog" });
  if (!mode || mode === current) return;
  await act(button, async () => said(await put(homePath(state.id, "zones", zone.number, "bypass"), { mode }, { headers: { Prefer: "wait=8" } }), "Leaving out"));
}

async function rename(home, zone, button) {
  const name = await askDialog(`Rename ${zone.name}`, "New name", "Rename");
  if (name) await act(button, async () => homeStore.take(await put(homePath(home, "zones", zone.number), { name })));
}
