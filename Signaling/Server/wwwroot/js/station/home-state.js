import { h, icon } from "../dom.js";
import { gatewayPill } from "../parts/gateway-pill.js";
import { age, bypassWords, partitionWords, zoneIcon, zoneWords } from "../words.js";

/** The state of an incident's home, as far as the alarm gives the right to see it: partitions and zones with the age of each value. */
export function homeState(state) {
  if (!state) return [h("div.card-head", h("h2", "State of the home")), h("p.empty", "Shown while the look-in window is open.")];
  const isOld = state.gateway.state !== "connected";
  const look = (z) => z.inAlarm ? "is-alarm" : bypassWords(z) ? "is-out" : !z.at ? "is-silent" : z.open ? "is-open" : "";
  return [h("div.card-head", h("h2", "State of the home"), gatewayPill(state.gateway)),
    isOld && h("p.note.is-warn", "The gateway is not heard; last word ", age(state.gateway.lastHeard, { stale: 1e9 }), ". These values may be old."),
    h("ul.rows", state.partitions.map((p) => h("li", h("span.main", h("strong", partitionWords(p)), state.partitions.length > 1 && ` (partition ${p.number})`), age(p.at, { prefix: "for ", suffix: "", stale: 1e9 })))),
    h("ul.glance", { testid: "incident-zones" }, state.zones.map((z) => h("li", { class: look(z) }, h("span.sign", icon(zoneIcon(z))), h("div", h("div.name", `${z.number} ${z.name}`), h("div.what", z.inAlarm ? "In alarm, " : "", bypassWords(z) ? "left out, " : "", zoneWords(z).toLowerCase(), z.at && [" ", age(z.at)])))))];
}
