import { h } from "../dom.js";
import { table } from "../parts/table.js";
import { meter, rate, resourcePage, tile } from "./page.js";

const looks = { committed: "is-good", authorized: "is-warn", requested: "is-warn", reserved: "is-warn", closed: "is-bad", committedrecovery: "is-warn" };

/** PCMM gates, the service flows behind them, and the room that is left on the cable. */
export const show = (context) => resourcePage(context, {
  title: "Gates and service flows", words: "Bandwidth that was promised to look-ins and homes, from the request to the flow on the cable.", path: "/api/operator/gates", kinds: ["session", "lookIn"], every: 2, testid: "operator-gates",
  tools: () => h("a.button", { href: "#/bandwidth" }, "Bandwidth on demand"),
  render: (answer) => {
    const { gates, modems = [], onDemand = [] } = answer;
    const state = (g) => String(g.state).toLowerCase();
    const room = (words, used, all) => all ? h("div.card", h("div.small.quiet", words), h("div.big-number", rate(used)), meter(used, all, "", rate)) : null;
    const asker = (g) => !g.session ? "another application manager" : onDemand.includes(g.session) ? h("span", h("span.tag", "on demand"), " ", h("span.mono.small", g.session)) : h("span", h("span.tag", "look-in"), " ", h("span.mono.small", { title: g.session }, `${g.session.slice(0, 10)}...`));
    return [
      !answer.connected && h("p.note.is-bad", { role: "alert" }, "The policy server is not connected: look-ins go on by best effort, and gates are asked for again when it is back."),
      h("div.tiles", tile("Gates", gates.length), tile("Committed", gates.filter((g) => state(g) === "committed").length), room("Promised upstream", answer.reservedUp, answer.capacityUp), room("Promised downstream", answer.reservedDown, answer.capacityDown)),
      h("section.card", h("h2", "Gates"), table(["Gate", "State", "Direction", "Promised", "Service flow", "Used", "Home address", "Asked for by"], gates.map((g) => [
        h("strong.mono", g.id || "none yet"), h("span.pill", { class: looks[state(g)] ?? "", data: { state: state(g) } }, state(g)), (g.direction ?? "").toLowerCase(), h("span.nowrap", rate(g.reservedBitsPerSecond)),
        g.serviceFlow ? h("span", `flow ${g.serviceFlow}`, g.scheduling && h("div.small.quiet", words(g.scheduling))) : "", g.usageKilobytes === undefined ? "" : h("span.nowrap", `${Math.round(g.usageKilobytes)} kB`), h("span.mono", g.subscriber), asker(g)]),
      "No gate is open. A look-in opens one for each direction.")),
      modems.length > 0 && h("section.card", h("h2", "Cable modems"), table(["Address", "State", "Gates", "Service ids"], modems.map((m) => [
        h("strong.mono", m.address), h("span.pill", { class: m.online ? "is-good" : "is-bad" }, m.online ? "online" : "offline"), String(m.gates), String(m.sids)]))),
    ];
  },
});

/** "RealTimePolling" as "real time polling". */
const words = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
