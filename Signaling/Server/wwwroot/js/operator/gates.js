import { h } from "../dom.js";
import { table } from "../parts/table.js";
import { age } from "../words.js";
import { listOf, meter, pick, rate, resourcePage, tile } from "./page.js";

const looks = { committed: "is-good", authorized: "is-warn", requested: "is-warn", reserved: "is-warn", refused: "is-bad", lost: "is-bad" };

/** PCMM gates, the service flows behind them, and the room that is left on the cable. */
export const show = (context) => resourcePage(context, {
  title: "Gates and service flows", words: "Bandwidth that was promised to running sessions, from request to the flow on the cable.", path: "/api/operator/gates", kinds: ["session", "lookIn"], every: 2, testid: "operator-gates",
  render: (answer) => {
    const gates = listOf(answer, "gates"), modems = listOf(Array.isArray(answer) ? [] : answer, "modems");
    const state = (g) => String(pick(g, "state", "grant") ?? "unknown").toLowerCase();
    const bits = (g) => pick(g, "reservedBitsPerSecond", "bitsPerSecond", "bitRate", "rate");
    const flow = (g) => pick(g, "serviceFlow", "flow");
    const room = (words, used, all) => all ? h("div.card", h("div.small.quiet", words), h("div.big-number", rate(used)), meter(used, all, "", rate)) : null;
    return [
      h("div.tiles", tile("Gates", gates.length), tile("Committed", gates.filter((g) => state(g) === "committed").length),
        room("Promised upstream", answer.reservedUp, answer.capacityUp) ?? tile("Promised", rate(gates.reduce((sum, g) => sum + (bits(g) ?? 0), 0)) || "0"),
        room("Promised downstream", answer.reservedDown, answer.capacityDown)),
      h("section.card", h("h2", "Gates"), table(["Gate", "State", "Direction", "Promised", "Service flow", "Used", "Subscriber", "Session", "Since"], gates.map((g) => [
        h("strong.mono", String(pick(g, "id", "gateId", "gate") ?? "")), h("span.pill", { class: looks[state(g)] ?? "", data: { state: state(g) } }, state(g)), pick(g, "direction") ?? "", rate(bits(g)),
        flow(g) ? h("span", String(flow(g)), g.scheduling && h("div.small.quiet", g.scheduling)) : "", g.usageKilobytes === undefined ? "" : `${Math.round(g.usageKilobytes)} kB`,
        pick(g, "subscriber") ?? "", pick(g, "session") ? h("span.mono.small", g.session) : "", g.at || g.since || g.from ? age(pick(g, "since", "from", "at"), { suffix: "", stale: 1e9 }) : ""]),
      "No gate is open. A look-in opens one for each direction.")),
      modems.length > 0 && h("section.card", h("h2", "Cable modems"), table(["Address", "State", "Gates", "Service ids"], modems.map((m) => [
        h("strong.mono", m.address), h("span.pill", { class: m.online ? "is-good" : "is-bad" }, m.online ? "online" : "offline"), String(m.gates ?? ""), String([].concat(m.sids ?? []).join(", "))]))),
    ];
  },
});
