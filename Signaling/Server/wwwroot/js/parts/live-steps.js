import { h } from "../dom.js";
import { steps } from "../live.js";

const ms = (value) => value === undefined || value === null ? "" : `${Math.round(value)} ms`;

/** Steps that others told, in one line. */
function told(words, list) {
  const all = Array.isArray(list) ? list : Object.entries(list ?? {}).map(([name, afterMs]) => ({ name, afterMs }));
  return all.length > 0 && h("p.small.quiet", `${words}: ${all.map((p) => `${p.name} ${ms(p.afterMs)}`).join(", ")}.`);
}

/** The steps of a live view with their times, then the path that the media take. */
export function liveSteps(player) {
  const total = Math.max(player.done.at(-1)?.at ?? 0, 1);
  let before = 0;
  const row = (words, from, at, failed) => {
    const fill = h("i");
    if (at !== undefined) {
      fill.style.left = `${(from / total) * 100}%`;
      fill.style.width = `${Math.max(0.5, ((at - from) / total) * 100)}%`;
    }
    return h("li", { class: failed ? "is-failed" : at === undefined ? "is-open" : "" }, h("span", words), h("span.bar", { aria: { hidden: "true" } }, at === undefined ? null : fill), h("span.ms", failed ? "failed" : at === undefined ? "-" : ms(at)));
  };
  const rows = steps.map((step) => {
    const done = player.done.find((s) => s.name === step.name);
    const item = row(step.words, before, done?.at, player.failure?.step === step.name);
    if (done) before = done.at;
    return item;
  });
  const s = player.stats;
  const fact = (term, value) => value === undefined || value === null || value === "" ? null : h("div", h("dt", term), h("dd", String(value)));
  return h("section.steps", { aria: { label: "Steps of this live view" } },
    h("ol", { testid: "step-list" }, rows),
    told("On the server", player.serverSteps), told("In the home", player.gatewaySteps),
    h("dl",
      fact("Gate", player.grant.state), fact("Path", s.path), fact("There and back", s.rtt === undefined ? undefined : ms(s.rtt * 1000)),
      fact("Picture", s.size), fact("Frames per second", s.frames), fact("Bit rate", s.rate === undefined ? undefined : `${(s.rate / 1000).toFixed(2)} Mbit/s`),
      fact("Codec", s.codec), fact("Packets lost", s.lost), fact("Freezes", s.freezes), fact("Session", player.session)));
}
