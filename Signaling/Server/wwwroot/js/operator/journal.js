import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { act } from "../parts/dialog.js";
import { resourcePage, tile } from "./page.js";

/** Health of the event journal. */
export async function show(context) {
  const result = h("div");
  await resourcePage(context, {
    title: "Journal", words: "Every event is chained to the one before; a changed or missing one is found.", path: "/api/operator/journal", every: 5, testid: "operator-journal",
    render: (j) => [h("div.tiles", tile("Storage", j.writable ? "writable" : "not writable"), tile("Events", j.lastPosition), tile("Homes behind", j.homesBehind)), result],
    tools: () => h("button", { type: "button", testid: "journal-verify", on: { click: (e) => act(e.currentTarget, async () => {
      const { check } = await get("/api/operator/journal?verify=true");
      fill(result, h("section.card", h("h2", "Check of the chain"), check.faults?.length
        ? [h("p.note.is-bad", `${check.faults.length} faults.`), h("ul.rows", check.faults.map((f) => h("li", f)))]
        : h("p.note.is-good", `The chain is whole: ${check.events} events from position ${check.firstPosition} to ${check.lastPosition}, ${check.purged} of them kept as digest only.`)));
    }) } }, "Check the chain"),
  });
}
