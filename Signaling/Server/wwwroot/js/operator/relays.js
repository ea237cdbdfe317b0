import { h } from "../dom.js";
import { table } from "../parts/table.js";
import { meter, rate, resourcePage, tile } from "./page.js";

/** TURN relays with their load. */
export const show = (context) => resourcePage(context, {
  title: "Relays", words: "The relay of this node with its load. Relays of other nodes share a secret with this one and no connection; their load stands in their own metrics.", path: "/api/operator/relays", every: 3, testid: "operator-relays",
  render: ({ relays }) => {
    const own = relays.filter((r) => r.state !== "elsewhere");
    const total = (name) => own.reduce((sum, r) => sum + (r[name] ?? 0), 0);
    return [
      own.length > 0 && h("div.tiles", tile("Allocations", total("allocations")), tile("Load", rate(total("bitsPerSecond"))), tile("Packets a second", total("packetsPerSecond")), tile("Packets dropped", total("dropped"))),
      h("section.card", table(["Relay", "State", "Allocations", "Load", "Dropped", "Requests refused", "Addresses"], relays.map((r) => [
        h("strong.nowrap", r.id), h("span.pill", { class: r.state === "ready" ? "is-good" : r.state === "draining" ? "is-warn" : "" }, r.state), r.state === "elsewhere" ? "not known here" : meter(r.allocations, r.maxAllocations),
        r.bitsPerSecond === undefined ? "" : h("div.nowrap", rate(r.bitsPerSecond), h("div.small.quiet", `${r.packetsPerSecond} packets/s, ${r.workers} ${r.workers === 1 ? "worker" : "workers"}`)), String(r.dropped ?? ""), String(r.refused ?? ""), h("span.small.mono", (r.addresses ?? []).join(", "))]),
      "No relay is configured: live views work only where a direct path exists.")),
    ];
  },
});
