import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { table } from "../parts/table.js";
import { dispositionName, fullOf } from "../words.js";

/** Incidents of the own home. */
export async function show({ root, signal, session }) {
  const list = h("section.card");
  fill(root, h("div.page-head", h("div", h("h1", "Incidents"), h("p", "Alarms and everything that followed from them, as the central station sees it."))), list);
  const refresh = async () => {
    const { incidents } = await get(`/api/incidents?home=${encodeURIComponent(session.home)}`, { signal });
    fill(list, table(["What", "When", "State", "Outcome"], incidents.map((i) => [
      h("a", { href: `#/incident/${encodeURIComponent(i.id)}`, testid: "queue-row" }, i.title), fullOf(i.opened),
      h("span.pill", { class: i.state === "closed" ? "is-good" : i.cancelled ? "is-warn" : "is-bad" }, i.state === "closed" ? "Closed" : i.cancelled ? "Cancelled" : "Open"), dispositionName(i.disposition)]), "There was no alarm."));
  };
  feed.on(["incident", "home"], coalesce(() => refresh().catch(() => {})), signal);
  await refresh();
}
