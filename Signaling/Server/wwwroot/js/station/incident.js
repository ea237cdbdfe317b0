import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { act, toast } from "../parts/dialog.js";
import { age, dispositionName, fullOf, isStation, left, levels, priorityName } from "../words.js";
import { cameraWall } from "./camera-wall.js";
import { claim } from "./claim.js";
import { homeState } from "./home-state.js";
import { record } from "./record.js";
import { workForms } from "./work.js";

/** One incident: what is known, the cameras while they may be seen, the work to do, and the record of everything. */
export async function show({ root, signal, params, session }) {
  const path = `/api/incidents/${encodeURIComponent(params.id)}`;
  const head = h("section.card.incident-head"), list = h("section.card", { testid: "incident-record" }), wallBox = h("div"), work = h("div"), homeBox = h("section.card", { testid: "incident-home" });
  const isStaff = isStation(session.user.role);
  let wall = null, forms = null;

  const render = (view) => {
    const { incident } = view;
    const isClosed = incident.state === "closed";
    const isMine = incident.claimedBy === session.user.id;
    const mayClaim = isStaff && !isClosed && !isMine && (!incident.claimedBy || session.user.role === "centralStationSupervisor");
    head.classList.toggle("is-closed", isClosed);
    fill(head,
      h("div.page-head", h("div", h("h1", incident.title[0].toUpperCase() + incident.title.slice(1)), h("p", view.homeName ?? incident.home)),
        h("div.actions", h("span.pill", { class: isClosed ? "is-good" : incident.cancelled ? "is-warn" : "is-bad", testid: "incident-state", data: { state: incident.state } }, isClosed ? `Closed: ${dispositionName(incident.disposition)}` : incident.cancelled ? "Cancelled by the home" : isMine ? "In your work" : incident.claimedBy ? `Worked by ${incident.claimedBy}` : "Waiting"),
          mayClaim && h("button.primary", { type: "button", testid: "claim-button", data: { key: "claim" }, on: { click: (e) => act(e.currentTarget, async () => { const v = await claim(incident, session); if (v) render(v); }) } }, incident.claimedBy ? "Take over" : "Claim"))),
      h("dl.facts",
        fact("Priority", `${incident.priority} - ${priorityName(incident.priority)}`), fact("Opened", h("span", fullOf(incident.opened), " ", !isClosed && age(incident.opened, { stale: 1e9, prefix: "(", suffix: " ago)" }))),
        fact("Contact ID", h("span", incident.code)), fact("AVS-01 level", h("span", { title: levels[incident.level] }, String(incident.level), h("span.small.quiet", ` ${levels[incident.level] ?? ""}`))), fact("Armed away", incident.whileAway ? "Yes" : "No"),
        view.windowEnds ? fact("Look-in window", h("span", left(view.windowEnds, "over"), " left")) : fact("Look-in window", "Closed")),
      h("div.actions.small", "Export: ", h("a", { href: `${path}/export?format=text`, download: "" }, "text"), h("a", { href: `${path}/export?format=json`, download: "" }, "JSON"), h("span.quiet", "with digest, for the file")));
    fill(list, record(incident.entries, session));
    if (isStaff) {
      work.hidden = isClosed;
      fill(homeBox, homeState(view.state));
      homeBox.hidden = isClosed;
      wall ??= cameraWall(wallBox, incident, signal);
      wall.update(view);
      forms ??= workForms(work, path, session, render);
      forms.update(view);
    }
  };

  const refresh = async () => render(await get(path, { signal }));
  await refresh();
  fill(root, h("div", h("a.small", { href: isStaff ? "#/queue" : "#/incidents" }, isStaff ? "Back to the queue" : "All incidents")), head, isStaff ? h("div.split", h("div", wallBox, homeBox, list), work) : list);
  feed.on(["incident", "lookIn", "home"], coalesce(() => refresh().catch((p) => { if (p.name !== "AbortError") toast(p.message, { isBad: true }); })), signal);
}

const fact = (term, value) => h("div", h("dt", term), h("dd", value));
