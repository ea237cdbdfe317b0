import { h } from "../dom.js";
import { table } from "../parts/table.js";
import { age, roleName } from "../words.js";
import { listOf, resourcePage, tile } from "./page.js";

/** Media sessions that run now, without names of people. */
export const show = (context) => resourcePage(context, {
  title: "Sessions", words: "Look-ins that run now. Who looks in stands only in the log of the home.", path: "/api/operator/sessions", kinds: ["session", "lookIn"], every: 5, testid: "operator-sessions",
  render: (answer) => {
    const sessions = listOf(answer, "sessions");
    return [h("div.tiles", tile("Running", sessions.length)),
      h("section.card", table(["Session", "Home", "Camera", "Role", "Running", "Gate", "Steps"], sessions.map((s) => [
        h("strong.mono.small", s.session), s.home, s.camera, roleName(s.role), age(s.from, { suffix: "", stale: 1e9 }), h("span.grant", { data: { state: String(s.gate ?? "none").toLowerCase() } }, s.gate ?? "none"),
        h("span.small", Object.entries(s.steps ?? {}).map(([n, ms]) => `${n} ${Math.round(ms)} ms`).join(", "))]), "No look-in runs."))];
  },
});
