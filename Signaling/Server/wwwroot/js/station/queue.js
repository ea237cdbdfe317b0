import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { queueRow } from "./queue-row.js";

/** Open alarms: those that wait, those in own work, those that others work. */
export async function show({ root, signal, session }) {
  const lists = h("div.page", { aria: { live: "polite" } });
  fill(root, h("div.page-head", h("div", h("h1", "Alarm queue"), h("p", "Most urgent first, then oldest. Claim an alarm before you work it."))), lists);
  const refresh = async () => {
    let incidents;
    try {
      incidents = (await get("/api/incidents?state=open", { signal })).incidents;
    } catch (problem) {
      if (problem.name !== "AbortError") fill(lists, h("p.note.is-bad", { role: "alert" }, problem.message));
      return;
    }
    const own = session.user.id;
    const section = (title, items, empty) => h("section.queue", { aria: { label: title } }, h("div.section-title", h("h2", title), h("span.quiet", String(items.length))), items.length ? items.map((i) => queueRow(i, session, refresh)) : empty && h("p.empty", empty));
    const waiting = incidents.filter((i) => !i.claimedBy);
    const mine = incidents.filter((i) => i.claimedBy === own);
    const others = incidents.filter((i) => i.claimedBy && i.claimedBy !== own);
    fill(lists, section("Waiting", waiting, "No alarm waits."), section("In your work", mine, "You have claimed no alarm."), others.length > 0 && section("Worked by others", others));
    document.title = waiting.length ? `(${waiting.length}) Alarm queue - MediaRelay` : "Alarm queue - MediaRelay";
  };
  feed.on("incident", coalesce(refresh), signal);
  await refresh();
}
