import { homePath, post } from "../api.js";
import { h, icon } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, confirmDialog, openDialog, toast } from "../parts/dialog.js";
import { age, left, partitionWords } from "../words.js";

const modes = [["stay", "Stay", "home", "People are at home: doors and windows are watched."], ["night", "Night", "moon", "As stay, without time to leave."], ["away", "Away", "shield", "Everything is watched."]];
const signs = { disarmed: "unlock", armed: "ok", exit: "shield", entry: "alert", alarm: "alert" };
/** The order waits this long for the word of the home. */
const patience = { headers: { Prefer: "wait=8" } };

/** A partition with its state in large letters and the buttons that change it. */
export function partitionCard(state, partition, session) {
  const zones = state.zones.filter((z) => z.partition === partition.number);
  const name = (n) => zones.find((z) => z.number === n)?.name ?? `zone ${n}`;
  const open = zones.filter((z) => z.open && !partition.bypassed?.includes(z.number));
  const isReachable = state.gateway.state === "connected" || state.gateway.state === "suspect";
  const may = (right) => session.rights.includes(right);
  const isDisarmed = partition.state === "disarmed";
  const isUrgent = partition.state === "alarm" || partition.state === "entry";
  const mode = (id, words, symbol, title) => h("button", {
    type: "button", testid: `arm-${id}`, data: { key: `arm-${id}-${partition.number}` }, title, disabled: !isReachable || !may("arm"), aria: { pressed: String(!isDisarmed && partition.mode === id) },
    on: { click: (e) => { if (isDisarmed || partition.mode !== id) armPartition(state, partition, zones, id, words, e.currentTarget); } },
  }, icon(symbol), words);
  const off = h("button", {
    type: "button", testid: "disarm", data: { key: `disarm-${partition.number}` }, title: "Only smoke and the like are watched.", disabled: !isReachable || !may("disarm"), aria: { pressed: String(isDisarmed) },
    on: { click: (e) => { if (!isDisarmed) disarm(state, partition, e.currentTarget); } },
  }, icon("unlock"), "Off");

  return h("section.card.partition", { data: { state: partition.state }, class: isReachable ? "" : "is-stale", aria: { label: state.partitions.length > 1 ? `Partition ${partition.number}` : "Alarm" } },
    h("div.partition-top", h("span.disc", icon(signs[partition.state] ?? "shield")),
      h("div", h("div.partition-state", h("strong.value", { testid: "partition-state", data: { state: partition.state, mode: partition.mode } }, partitionWords(partition)), age(partition.at, { prefix: "for ", suffix: "", stale: 1e9 }), state.partitions.length > 1 && h("span.tag", `Partition ${partition.number}`))),
      partition.until && (partition.state === "exit" || partition.state === "entry") && h("div.count-down", { role: "timer", aria: { label: partition.state === "entry" ? "Time to disarm" : "Time to leave" } }, left(partition.until, "now"), h("small", partition.state === "entry" ? "to disarm" : "to leave")),
      h("p.quiet.words", sentence(partition, open))),
    partition.alarmZones?.length > 0 && h("p.note.is-bad", { role: "alert" }, h("strong", "Alarm: "), partition.alarmZones.map(name).join(", ")),
    partition.bypassed?.length > 0 && h("p.note.is-warn", h("strong", "Left out: "), partition.bypassed.map((n) => `${name(n)} (${zones.find((z) => z.number === n)?.bypass === "always" ? "until taken back" : "until the next disarm"})`).join(", ")),
    isUrgent && may("disarm") ? h("button.danger", { type: "button", testid: "disarm", data: { key: `disarm-${partition.number}` }, disabled: !isReachable, on: { click: (e) => disarm(state, partition, e.currentTarget) } }, icon("unlock"), partition.state === "alarm" ? "Disarm and cancel the alarm" : "Disarm now")
      : (may("arm") || may("disarm")) && h("div.modes", { role: "group", aria: { label: "Arm or disarm" } }, off, modes.map((m) => mode(...m))),
    !isReachable && h("p.small.quiet", "Arming from here needs the gateway. The keypad in the home works on its own."));
}

function sentence(partition, open) {
  switch (partition.state) {
    case "disarmed": return open.length ? `Open now: ${open.map((z) => z.name).join(", ")}.` : "Ready to arm.";
    case "exit": return "Leave through a door that gives time; anything else alarms at once.";
    case "entry": return "Somebody came in. Disarm before the time is over.";
    case "alarm": return "The central station sees this alarm.";
    default: return open.length ? `Open: ${open.map((z) => z.name).join(", ")}.` : "Everything is closed and quiet.";
  }
}

async function armPartition(state, partition, zones, mode, words, button) {
  const isWatched = (z) => mode === "away" || z.armedInStay;
  const open = zones.filter((z) => z.open && !z.bypassed && z.kind !== "24-hour" && isWatched(z));
  let bypass = [];
  if (open.length) {
    bypass = await openDialog(`Arm ${words.toLowerCase()}`, (close) => {
      const boxes = open.map((z) => h("input", { type: "checkbox", value: String(z.number), checked: z.kind !== "delayed" }));
      return h("form", { on: { submit: (e) => { e.preventDefault(); close(boxes.filter((b) => b.checked).map((b) => Number(b.value))); } } },
        h("p", "These zones are open. One that you leave out raises no alarm until the next disarm; a door that gives time may stay in if you close it as you leave."),
        h("fieldset", h("legend", "Leave out"), open.map((z, i) => h("label.check", boxes[i], h("span", `${z.name} (zone ${z.number})`)))),
        h("div.row-end", h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button.primary", { type: "submit", testid: "arm-confirm" }, `Arm ${words.toLowerCase()}`)));
    }, { testid: "bypass-dialog" });
    if (bypass === null) return;
  }
  await act(button, async () => said(await post(homePath(state.id, "partitions", partition.number, "arm"), { mode, bypass }, patience), `Arming ${words.toLowerCase()}`));
}

async function disarm(state, partition, button) {
  if (partition.state === "alarm" && !await confirmDialog("Disarm and cancel the alarm?", "The central station is told that the alarm was cancelled with the right code, and look-ins end.", "Disarm", { isDanger: true })) return;
  await act(button, async () => said(await post(homePath(state.id, "partitions", partition.number, "disarm"), {}, patience), "Disarming"));
}

/** The home has done it, or has not said so yet; a refusal was an error already, in the home's own words. */
export async function said(answer, words) {
  if (answer?.outcome === "done") { await homeStore.refresh(); return; }
  toast(`${words}: the home has not confirmed it yet. The order lapses after 30 s; look at the timeline.`, { isBad: true });
}
