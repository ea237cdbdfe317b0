import { h } from "../dom.js";

const words = { connected: "Gateway connected", suspect: "Gateway silent", lost: "Gateway lost", unknown: "Gateway not heard yet" };
const looks = { connected: "is-good", suspect: "is-warn", lost: "is-bad", unknown: "is-warn" };

/** Presence of a gateway. */
export const gatewayPill = (gateway, isShort = false) => h("span.pill", { testid: "gateway-state", data: { state: gateway.state }, class: looks[gateway.state] ?? "" },
  isShort ? (words[gateway.state] ?? gateway.state).replace("Gateway ", "") : words[gateway.state] ?? gateway.state);
