import { get, homePath } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { act } from "../parts/dialog.js";
import { filters, timelineList } from "../parts/timeline-list.js";

/** Everything that happened in the home, newest first. */
export async function show({ root, signal, session }) {
  const list = h("section.card");
  const buttons = h("div.segmented", { role: "group", aria: { label: "Show" } });
  let entries = [], chosen = 0, isAll = false;
  const path = homePath(session.home, "timeline");

  const render = () => {
    fill(buttons, filters.map(([words], i) => h("button", { type: "button", data: { key: `f-${i}` }, aria: { pressed: String(i === chosen) }, on: { click: () => { chosen = i; render(); } } }, words)));
    fill(list, timelineList(entries.filter((e) => filters[chosen][1](e))),
      !isAll && h("p", h("button", { type: "button", data: { key: "older" }, on: { click: (e) => act(e.currentTarget, older) } }, "Show older")));
  };
  const older = async () => {
    const last = entries.at(-1)?.position;
    const page = (await get(`${path}?limit=60${last ? `&before=${last}` : ""}`, { signal })).entries;
    isAll = page.length < 60;
    entries = [...entries, ...page];
    render();
  };
  const newer = async () => {
    const page = (await get(`${path}?limit=60`, { signal })).entries;
    const known = new Set(entries.map((e) => e.position));
    entries = [...page.filter((e) => !known.has(e.position)), ...entries];
    render();
  };
  fill(root, h("div.page-head", h("div", h("h1", "Timeline"), h("p", "Times are those of the home; what arrived late says so.")), buttons), list);
  await older();
  feed.on(["home", "lookIn"], coalesce(() => newer().catch(() => {})), signal);
}
