import { get, homePath, now, post } from "../api.js";
import { h, icon } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, confirmDialog, openDialog, toast } from "../parts/dialog.js";
import { age, left, partitionWords } from "../words.js";

const leftOutKey = "mediarelay-left-out";

/** Zones that the person wants left out of the next arming; forgotten with the tab. */
export const leftOut = {
  read: () => { try { return new Set(JSON.parse(sessionStorage.getItem(leftOutKey) ?? "[]")); } catch { return new Set(); } },
  write: (zones) => { try { sessionStorage.setItem(leftOutKey, JSON.stringify([...zones])); } catch { /* then it lasts as long as the page */ } },
};

/** A partition with its state in large letters and the buttons that change it. */
export function partitionCard(state, partition, session) {
  const zones = state.zones.filter((z) => z.partition === partition.number);
  const name = (n) => zones.find((z) => z.number === n)?.name ?? `zone ${n}`;
  const open = zones.filter((z) => z.open && !partition.bypassed?.includes(z.number));
  const isReachable = state.gateway.state === "connected" || state.gateway.state === "suspect";
  const may = (right) => session.rights.includes(right);
  const isDisarmed = partition.state === "disarmed";
  const arm = (mode, words, symbol) => h("button", {
    type: "button", testid: `arm-${mode}`, data: { key: `arm-${mode}-${partition.number}` }, disabled: !isReachable || !isDisarmed,
    on: { click: (e) => armPartition(state, partition, zones, mode, words, e.currentTarget) },
  }, icon(symbol), words);

  return h("section.card.partition", { data: { state: partition.state }, class: isReachable ? "" : "is-stale", aria: { label: `Partition ${partition.number}` } },
    h("div.partition-state", h("strong.value", { testid: "partition-state", data: { state: partition.state, mode: partition.mode } }, partitionWords(partition)),
      partition.until && h("span", left(partition.until, "now")), age(partition.at, { prefix: "for ", suffix: "", stale: 1e9 }),
      state.partitions.length > 1 && h("span.tag", `Partition ${partition.number}`)),
    partition.alarmZones?.length > 0 && h("p.note.is-bad", { role: "alert" }, h("strong", "Alarm: "), partition.alarmZones.map(name).join(", ")),
    partition.bypassed?.length > 0 && h("p.note.is-warn", h("strong", "Left out until the next disarm: "), partition.bypassed.map(name).join(", ")),
    isDisarmed && h("p.quiet", open.length ? `Open now: ${open.map((z) => z.name).join(", ")}.` : "Ready to arm: nothing is reported open."),
    h("div.arm",
      may("arm") && [arm("away", "Away", "shield"), arm("stay", "Stay", "home"), arm("night", "Night", "moon")],
      may("disarm") && !isDisarmed && h(partition.state === "alarm" || partition.state === "entry" ? "button.danger" : "button.primary", { type: "button", testid: "disarm", data: { key: `disarm-${partition.number}` }, disabled: !isReachable, on: { click: (e) => disarm(state, partition, e.currentTarget) } }, icon("unlock"), "Disarm")),
    !isReachable && h("p.small.quiet", "Arming from here needs the gateway. The keypad in the home works on its own."));
}

async function armPartition(state, partition, zones, mode, words, button) {
  const remembered = leftOut.read();
  const open = zones.filter((z) => z.open || remembered.has(z.number));
  let bypass = [];
  if (open.length) {
    bypass = await openDialog(`Arm ${words.toLowerCase()}`, (close) => {
      const boxes = open.map((z) => h("input", { type: "checkbox", value: String(z.number), checked: z.open || remembered.has(z.number) }));
      return h("form", { on: { submit: (e) => { e.preventDefault(); close(boxes.filter((b) => b.checked).map((b) => Number(b.value))); } } },
        h("p", "These zones are open or marked to be left out. A zone that is left out raises no alarm until the next disarm."),
        h("fieldset", h("legend", "Leave out"), open.map((z, i) => h("label.check", boxes[i], h("span", `${z.name} (zone ${z.number}${z.open ? ", open" : ""})`)))),
        h("div.row-end", h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button.primary", { type: "submit", testid: "arm-confirm" }, `Arm ${words.toLowerCase()}`)));
    }, { testid: "bypass-dialog" });
    if (bypass === null) return;
  }
  await act(button, async () => {
    const since = now();
    await post(homePath(state.id, "partitions", partition.number, "arm"), { mode, bypass });
    leftOut.write([]);
    await outcome(state.id, partition.number, (p) => p.state !== "disarmed", since, `Arming ${words.toLowerCase()}`);
  });
}

async function disarm(state, partition, button) {
  if (partition.state === "alarm" && !await confirmDialog("Disarm and cancel the alarm?", "The central station is told that the alarm was cancelled with the right code, and look-ins end.", "Disarm", { isDanger: true })) return;
  await act(button, async () => {
    const since = now();
    await post(homePath(state.id, "partitions", partition.number, "disarm"));
    await outcome(state.id, partition.number, (p) => p.state === "disarmed", since, "Disarming");
  });
}

/** Waits until the gateway carried an order out or refused it, and says which. */
async function outcome(home, number, isDone, since, words) {
  for (let i = 0; i < 16; i++) {
    await new Promise((resolve) => setTimeout(resolve, i < 4 ? 400 : 800));
    if (i % 2) await homeStore.refresh();
    const partition = homeStore.state?.partitions.find((p) => p.number === number);
    if (partition && isDone(partition)) return;
    const { entries } = await get(`${homePath(home, "timeline")}?limit=10`).catch(() => ({ entries: [] }));
    const refusal = entries.find((e) => e.kind === "instruction.result" && Date.parse(e.received ?? e.at) > since - 2000 && /refus|fail|expired/i.test(e.text));
    if (refusal) {
      toast(`${words} was not done. ${refusal.text}`, { isBad: true });
      return;
    }
  }
  toast(`${words}: the gateway has not confirmed it. The order lapses after 30 s; look at the timeline.`, { isBad: true });
}
