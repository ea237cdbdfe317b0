import { h } from "../dom.js";
import { table } from "../parts/table.js";
import { age } from "../words.js";
import { listOf, meter, pick, rate, resourcePage, tile } from "./page.js";

/** TURN relays with their load. */
export const show = (context) => resourcePage(context, {
  title: "Relays", words: "Load of each TURN node; new sessions go to the node with the most room.", path: "/api/operator/relays", every: 3, testid: "operator-relays",
  render: (answer) => {
    const relays = listOf(answer, "relays");
    const total = (...names) => relays.reduce((sum, r) => sum + (pick(r, ...names) ?? 0), 0);
    return [
      h("div.tiles", tile("Relays", relays.length), tile("Allocations", total("allocations")), relays.some((r) => pick(r, "bitsPerSecond", "bitRate", "rate", "bps") !== undefined) && tile("Load", rate(total("bitsPerSecond", "bitRate", "rate", "bps")))),
      h("section.card", table(["Relay", "State", "Allocations", "Load", "Packets lost", "Addresses", "Heard"], relays.map((r) => {
        const state = pick(r, "state") ?? (r.draining ? "draining" : "ready");
        const load = pick(r, "bitsPerSecond", "bitRate", "rate", "bps");
        const most = pick(r, "maxBitsPerSecond", "capacity");
        return [h("strong.mono", pick(r, "id", "node", "name", "relay") ?? ""), h("span.pill", { class: /ready|up|active|healthy/i.test(state) ? "is-good" : "is-warn" }, state), meter(pick(r, "allocations"), pick(r, "maxAllocations", "allocationLimit")),
          most && load !== undefined ? h("div", rate(load), h("div.small.quiet", `of ${rate(most)}`)) : rate(load), String(pick(r, "dropped", "packetsDropped", "lost") ?? ""), [].concat(pick(r, "addresses", "address", "endpoints", "listen", "urls") ?? []).join(", "), r.at || r.seen || r.lastHeard ? age(pick(r, "at", "seen", "lastHeard"), { stale: 30 }) : ""];
      }), "No relay has reported its load.")),
    ];
  },
});
