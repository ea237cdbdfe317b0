import { get, homePath } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { homeStore } from "../home-store.js";
import { still } from "../parts/still.js";
import { isWorthKnowing, timelineList } from "../parts/timeline-list.js";
import { gatewayPill } from "../parts/gateway-pill.js";
import { quickDevice } from "../parts/property.js";
import { age, bypassWords, kindWords, zoneIcon, zoneWords } from "../words.js";
import { partitionCard } from "./partition.js";
import { zoneClass } from "./zones.js";

const order = ["is-alarm", "is-open", "is-out", "is-silent", ""];

/** One zone as a tile: what it is, its state, and how long ago it said so. */
const zoneTile = (z) => h("li", { class: zoneClass(z), title: `Zone ${z.number}: ${kindWords(z)}` }, h("span.sign", icon(zoneIcon(z))),
  h("div", h("div.name.value", z.name), h("div.what", z.inAlarm ? "In alarm, " : "", bypassWords(z) ? "Left out, " : "", zoneWords(z).toLowerCase(), z.at && [" ", age(z.at)])));

const withGo = (stage) => { stage.append(h("span.go", icon("play"), "Look in")); return stage; };

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
    zones.classList.toggle("is-stale", isOld);
    const sorted = [...state.zones].sort((x, y) => order.indexOf(zoneClass(x)) - order.indexOf(zoneClass(y)) || x.number - y.number);
    fill(zones, h("div.card-head", h("h2", "Zones"), h("a.small", { href: "#/zones" }, "All zones")),
      sorted.length ? h("ul.glance", sorted.slice(0, 12).map(zoneTile)) : h("p.empty", "No zones are known. They appear when the gateway has told of its home."));
    const shown = state.devices.filter((d) => !d.zone && d.properties.length).slice(0, 6);
    values.classList.toggle("is-stale", isOld);
    fill(values, h("div.card-head", h("h2", "Devices"), h("a.small", { href: "#/devices" }, "All devices")),
      shown.length ? h("ul.quick", shown.map((d) => quickDevice(state, d, session))) : h("p.empty", "No device has reported a value."));
    const ids = state.cameras.map((c) => c.id + c.name).join();
    if (ids !== shownCameras) {
      shownCameras = ids;
      fill(cameras, h("div.card-head", h("h2", "Cameras"), h("a.small", { href: "#/cameras" }, "All cameras")),
        state.cameras.length ? h("div.strip", state.cameras.map((c) => h("a", { href: `#/camera/${encodeURIComponent(c.id)}`, testid: `camera-${c.id}` }, withGo(still(c.stillUrl, c.name, { signal, every: 60, maxAge: 300 })), h("span", c.name, c.lost && h("span.pill.is-bad", "Out of reach"))))) : h("p.empty", "No camera is known."));
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
