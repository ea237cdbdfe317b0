import { h } from "../dom.js";
import { act } from "../parts/dialog.js";
import { age, dispositionName, fullOf, levels, priorityName } from "../words.js";
import { claim } from "./claim.js";

/** One alarm in a list. */
export function queueRow(incident, session, refresh) {
  const href = `#/incident/${encodeURIComponent(incident.id)}`;
  const isClosed = incident.state === "closed";
  const isMine = incident.claimedBy === session.user.id;
  return h("article.queue-row", { testid: "queue-row", class: isClosed ? "is-closed" : "", data: { priority: incident.priority, incident: incident.id, state: incident.state } },
    h("div.prio", priorityName(incident.priority), h("small", `priority ${incident.priority}`)),
    h("div", h("a.title", { href }, incident.title[0].toUpperCase() + incident.title.slice(1)),
      h("div.sub", h("span", incident.homeName ?? incident.home), h("span", `${incident.entries} ${incident.entries === 1 ? "entry" : "entries"}`), h("span", { title: levels[incident.level] }, `AVS-01 level ${incident.level}`),
        incident.cancelled && h("span.tag.is-warn", "cancelled by the home"), !isClosed && incident.claimedBy && !isMine && h("span", `worked by ${incident.claimedBy}`),
        isClosed && h("span", `${dispositionName(incident.disposition)}, closed ${fullOf(incident.closed)}`))),
    h("div.actions", !isClosed && h("span", { class: "waits" }, age(incident.opened, { suffix: "", stale: 60 })),
      isClosed ? h("a.button.small", { href }, "Open") : isMine ? h("a.button", { href }, "Go on")
        : [h("a.button.plain", { href }, "Open"), (!incident.claimedBy || session.user.role === "centralStationSupervisor") && h("button.primary", { type: "button", testid: "claim-button", data: { key: `claim-${incident.id}` }, on: { click: (e) => act(e.currentTarget, async () => { if (await claim(incident, session)) location.hash = href; else refresh(); }) } }, incident.claimedBy ? "Take over" : "Claim")]));
}
