import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { queueRow } from "./queue-row.js";

/** Closed incidents, newest first. */
export async function show({ root, signal, session }) {
  const list = h("div.queue");
  fill(root, h("div.page-head", h("div", h("h1", "Closed alarms"))), list);
  const refresh = async () => {
    const { incidents } = await get("/api/incidents?state=closed", { signal });
    fill(list, incidents.length ? incidents.map((i) => queueRow(i, session, refresh)) : h("p.empty", "No alarm was closed yet."));
  };
  feed.on("incident", coalesce(() => refresh().catch(() => {})), signal);
  await refresh();
}
