import { del, get, post } from "../api.js";
import { fill, h } from "../dom.js";
import { act, toast } from "../parts/dialog.js";
import { table } from "../parts/table.js";
import { age, fullOf, left } from "../words.js";
import { rate, resourcePage, tile } from "./page.js";

/** All homes, page by page. */
async function allHomes(signal) {
  const homes = [];
  for (let page = [{}]; page.length > 0 && homes.length % 1000 === 0; homes.push(...page))
    page = await get(`/api/operator/homes?after=${encodeURIComponent(homes.at(-1)?.id ?? "")}`, { signal });
  return homes;
}

const looks = { committed: "is-good", requested: "is-warn", authorized: "is-warn", refused: "is-bad", lost: "is-bad" };

/** Bandwidth on demand: a gate of a home for a limited time, asked for here and shown as the network answers. */
export async function show(context) {
  const homes = await allHomes(context.signal).catch(() => []);
  const home = h("select", { id: "bod-home", required: true, testid: "bod-home" }, homes.map((x) => h("option", { value: x.id }, `${x.name} (${x.id})`)));
  const number = (id, label, value, hint) => h("div.field", h("label", { htmlFor: id }, label), h("input", { id, testid: id, type: "number", min: 0, max: 1000000, step: 1, value }), h("p.hint", hint));
  const up = number("bod-up", "From the home, kbit/s", 2000, "0 for none."), down = number("bod-down", "To the home, kbit/s", 0, "0 for none.");
  const minutes = h("select", { id: "bod-minutes", testid: "bod-minutes" }, [[5, "5 minutes"], [15, "15 minutes"], [60, "1 hour"], [240, "4 hours"], [1440, "1 day"]].map(([v, words]) => h("option", { value: v, selected: v === 15 }, words)));
  const reason = h("input", { id: "bod-reason", testid: "bod-reason", required: true, maxLength: 200 });
  const value = (box) => Number(box.querySelector("input").value) || 0;
  let refresh = async () => {};
  const submit = (e) => {
    e.preventDefault();
    act(e.submitter, async () => {
      await post("/api/operator/bandwidth", { home: home.value, upKilobits: value(up), downKilobits: value(down), minutes: Number(minutes.value), reason: reason.value });
      reason.value = "";
      toast("The gates are asked for; the list says what the network answers.");
      await refresh();
    });
  };
  const form = h("section.card", h("h2", "Ask for bandwidth"), homes.length ? h("form.form", { on: { submit } },
    h("div.form-2", h("div.field", h("label", { htmlFor: "bod-home" }, "Home"), home), h("div.field", h("label", { htmlFor: "bod-minutes" }, "For"), minutes), up, down),
    h("div.field", h("label", { htmlFor: "bod-reason" }, "Why"), reason, h("p.hint", "Kept in the audit with your name.")), h("div", h("button.primary", { type: "submit", testid: "bod-ask" }, "Ask the network")))
    : h("p.empty", "No home is known yet."));
  await resourcePage(context, {
    title: "Bandwidth on demand", words: "A promise of the cable network for all traffic of one home, for a limited time. It ends by itself, also when this server does not.", path: "/api/operator/bandwidth", kinds: ["session"], every: 3, testid: "operator-bandwidth",
    tools: (given) => { refresh = given; return null; },
    render: ({ connected, demands }) => {
      const running = demands.filter((d) => !d.ended), sum = (name) => running.filter((d) => d.state === "committed").reduce((n, d) => n + d[name], 0);
      const rows = (list) => list.map((d) => [
        h("div", h("strong", d.homeName), h("div.small.quiet", d.home)), h("div", [d.upBitsPerSecond && `${rate(d.upBitsPerSecond)} up`, d.downBitsPerSecond && `${rate(d.downBitsPerSecond)} down`].filter(Boolean).join(", ")),
        h("div", h("span.pill", { class: looks[d.state] ?? "", testid: "bod-state", data: { state: d.state } }, d.state), h("div.small.quiet", d.words)), d.ended ? h("span", "ended ", age(d.ended, { stale: 1e9 })) : h("span", left(d.until), " left"),
        h("div", d.by, h("div.small.quiet", `${fullOf(d.from)}: ${d.reason}`)),
        d.ended ? "" : h("button.small", { type: "button", testid: "bod-end", data: { key: `end-${d.id}` }, aria: { label: `End the bandwidth of ${d.homeName}` }, on: { click: (e) => act(e.currentTarget, async () => { await del(`/api/operator/bandwidth/${encodeURIComponent(d.id)}`); await refresh(); }) } }, "End now")]);
      const heads = ["Home", "Promised", "State", "Time", "Asked by", ""];
      const ended = demands.filter((d) => d.ended);
      return [!connected && h("p.note.is-bad", { role: "alert" }, "The policy server is not connected: new demands wait for it, and nothing is promised meanwhile."),
        h("div.tiles", tile("Running", running.length), tile("Committed up", rate(sum("upBitsPerSecond"))), tile("Committed down", rate(sum("downBitsPerSecond")))),
        h("section.card", h("h2", "Running"), table(heads, rows(running), "No bandwidth is promised on demand.")),
        ended.length > 0 && h("section.card", h("h2", "Ended lately"), table(heads, rows(ended)))];
    },
  });
  context.root.append(form);
  // The form stands first for the keyboard and the eye; the list below it is what changes.
  context.root.insertBefore(form, context.root.children[1]);
}
