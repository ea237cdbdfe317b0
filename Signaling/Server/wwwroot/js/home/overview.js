import { get, homePath } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { homeStore } from "../home-store.js";
import { still } from "../parts/still.js";
import { isWorthKnowing, timelineList } from "../parts/timeline-list.js";
import { gatewayPill } from "../parts/gateway-pill.js";
import { age, propertyWords, zoneWords } from "../words.js";
import { partitionCard } from "./partition.js";

function quietNote(zones) {
  const silent = zones.filter((z) => !z.at).length;
  return silent === 0 ? h("p.note.is-good", `All ${zones.length} zones are closed or quiet.`)
    : h("p.note", silent === zones.length ? "No zone has reported yet." : `Nothing is open. ${silent} of ${zones.length} zones have not reported yet.`);
}

/** State of the home at a glance. */
export function show({ root, signal, session }) {
  const head = h("div.page-head");
  const partitions = h("div.stack");
  const zones = h("section.card");
  const recent = h("section.card");
  const values = h("section.card");
  const cameras = h("section.card");
  let shownCameras = "";

  homeStore.watch((state, problem) => {
    if (!state) {
      fill(head, h("div", h("h1", "Home"), h("p.note.is-bad", { role: "alert" }, problem.message)));
      return;
    }
    const isOld = state.gateway.state !== "connected";
    fill(head, h("div", h("h1", state.name), h("p", "Last word of the home: ", age(state.gateway.lastHeard, { stale: 60 }))), gatewayPill(state.gateway));
    fill(partitions, state.partitions.length ? state.partitions.map((p) => partitionCard(state, p, session)) : h("section.card", h("p.empty", "The gateway has not reported a partition yet.")));
    const open = state.zones.filter((z) => z.open);
    zones.classList.toggle("is-stale", isOld);
    fill(zones, h("div.card-head", h("h2", "Zones"), h("a.small", { href: "#/zones" }, "All zones")),
      state.zones.length === 0 ? h("p.empty", "No zones are known.")
        : open.length === 0 ? quietNote(state.zones)
        : h("ul.rows", open.map((z) => h("li", h("span.main", h("div.value", z.name), h("div.small.quiet", `Zone ${z.number}`)), z.bypassed && h("span.tag.is-warn", "left out"), h("span.pill.is-warn", zoneWords(z)), age(z.at)))));
    const shown = state.devices.filter((d) => !d.zone && d.properties.length).slice(0, 6);
    values.classList.toggle("is-stale", isOld);
    fill(values, h("div.card-head", h("h2", "Devices"), h("a.small", { href: "#/devices" }, "All devices")),
      shown.length ? h("ul.rows", shown.map((d) => h("li", { class: d.lost ? "is-stale" : "" }, h("span.main", d.name), h("span.value", propertyWords(d.properties[0])), age(d.properties[0].at)))) : h("p.empty", "No device has reported a value."));
    const ids = state.cameras.map((c) => c.id + c.name).join();
    if (ids !== shownCameras) {
      shownCameras = ids;
      fill(cameras, h("div.card-head", h("h2", "Cameras"), h("a.small", { href: "#/cameras" }, "All cameras")),
        state.cameras.length ? h("div.strip", state.cameras.map((c) => h("a", { href: `#/camera/${encodeURIComponent(c.id)}`, testid: `camera-${c.id}` }, still(c.stillUrl, c.name, { signal, every: 60, maxAge: 300 }), h("span", c.name, h("span.quiet.small", "Look in"))))) : h("p.empty", "No camera is known."));
    }
  }, signal);

  const refresh = async () => {
    try {
      const { entries } = await get(`${homePath(session.home, "timeline")}?limit=40`, { signal });
      fill(recent, h("div.card-head", h("h2", "Lately"), h("a.small", { href: "#/timeline" }, "Timeline")), timelineList(entries.filter((e) => isWorthKnowing(e)).slice(0, 6), { isShort: true }));
    } catch (problem) {
      if (problem.name !== "AbortError") fill(recent, h("h2", "Lately"), h("p.empty", problem.message));
    }
  };
  feed.on("home", coalesce(refresh), signal);
  refresh();
  fill(root, head, h("div.split", h("div", partitions, cameras, values), h("div", zones, recent)));
}
