import { h } from "../dom.js";
import { table } from "../parts/table.js";
import { age } from "../words.js";
import { listOf, pick, rate, resourcePage, tile } from "./page.js";

const looks = { committed: "is-good", authorized: "is-warn", requested: "is-warn", reserved: "is-warn", refused: "is-bad", lost: "is-bad" };

/** PCMM gates and the service flows behind them. */
export const show = (context) => resourcePage(context, {
  title: "Gates and service flows", words: "Bandwidth that was promised to running sessions, from request to the flow on the cable.", path: "/api/operator/gates", kinds: ["session"], every: 2, testid: "operator-gates",
  render: (answer) => {
    const gates = listOf(answer, "gates");
    const flows = listOf(Array.isArray(answer) ? [] : answer, "flows");
    const state = (g) => String(pick(g, "state", "grant") ?? "unknown").toLowerCase();
    return [
      h("div.tiles", tile("Gates", gates.length), tile("Committed", gates.filter((g) => state(g) === "committed").length), tile("Promised", rate(gates.reduce((sum, g) => sum + (pick(g, "bitsPerSecond", "bitRate", "rate") ?? 0), 0)) || "0")),
      h("section.card", h("h2", "Gates"), table(["Gate", "State", "Direction", "Rate", "Classifier", "Subscriber", "Session", "Since"], gates.map((g) => [
        h("strong.mono", String(pick(g, "gateId", "id", "gate") ?? "")), h("span.pill", { class: looks[state(g)] ?? "", data: { state: state(g) } }, state(g)), pick(g, "direction") ?? "", rate(pick(g, "bitsPerSecond", "bitRate", "rate")),
        h("span.mono.small", [].concat(pick(g, "classifier", "classifiers") ?? []).map((c) => typeof c === "string" ? c : Object.values(c).join(" ")).join("; ")), pick(g, "subscriber") ?? "", h("span.mono.small", pick(g, "session") ?? ""), g.at || g.since || g.from ? age(pick(g, "since", "from", "at"), { suffix: "", stale: 1e9 }) : ""]),
      "No gate is open. A look-in opens one for each direction.")),
      flows.length > 0 && h("section.card", h("h2", "Service flows"), table(["Flow", "State", "Direction", "Rate", "Now", "Modem"], flows.map((f) => [h("strong.mono", String(pick(f, "id", "flow", "sfid") ?? "")), pick(f, "state") ?? "", pick(f, "direction") ?? "", rate(pick(f, "bitsPerSecond", "rate")), rate(pick(f, "usedBitsPerSecond", "used")), pick(f, "modem", "subscriber", "cmts") ?? ""]))),
    ];
  },
});
