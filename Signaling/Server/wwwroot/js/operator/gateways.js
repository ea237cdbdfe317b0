import { h } from "../dom.js";
import { gatewayPill } from "../parts/gateway-pill.js";
import { table } from "../parts/table.js";
import { age, fullOf } from "../words.js";
import { resourcePage, tile } from "./page.js";

/** Gateways with presence. */
export const show = (context) => resourcePage(context, {
  title: "Gateways", words: "Presence as the signaling connection proves it.", path: "/api/operator/gateways", kinds: ["gateway"], every: 10, testid: "operator-gateways",
  render: (answer) => [
    h("div.tiles", tile("Connected", answer.connected), tile("Held requests", answer.held), tile("Lost", answer.gateways.filter((g) => g.state === "lost").length), tile("Known", answer.gateways.length)),
    h("section.card", table(["Gateway", "Presence", "Last heard", "Address", "Home", "Software", "Certificate ends"], answer.gateways.map((g) => [
      h("span", h("strong.mono", g.id), g.isEnabled === false && [" ", h("span.tag.is-warn", "disabled")]), gatewayPill({ state: g.state }, true), age(g.lastHeard, { stale: 60 }), g.address ?? "", g.home ?? "", g.software ?? "", g.certificateEnds ? fullOf(g.certificateEnds) : ""]),
    "No gateway has enrolled. Make a claim code first.")),
  ],
});
