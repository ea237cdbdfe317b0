import { get, homePath } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { homeStore } from "../home-store.js";
import { table } from "../parts/table.js";
import { age, fullOf, roleName, span } from "../words.js";

/** Who looked in, when, on which right, and whether they spoke. */
export async function show({ root, signal, session }) {
  const active = h("section.card", { testid: "look-ins-active" });
  const past = h("section.card", { testid: "look-ins-past" });
  const cameraName = (id) => homeStore.state?.cameras.find((c) => c.id === id)?.name ?? id;
  const basis = (grant) => grant === "own-home" ? "Own home" : grant === "alarm" ? "Open alarm" : grant?.startsWith("grant") ? "A grant of yours" : grant?.replace("role:", "") ?? "";
  const refresh = async () => {
    const log = await get(homePath(session.home, "look-ins"), { signal });
    fill(active, h("div.card-head", h("h2", "Now"), log.active.length > 0 && h("span.pill.is-brand", `${log.active.length} looking in`)),
      log.active.length === 0 ? h("p.note.is-good", "Nobody looks in at the moment.")
        : h("ul.rows", log.active.map((l) => h("li", h("span.main", h("div", `${l.actor}, ${roleName(l.role).toLowerCase()}`), h("div.small.quiet", [cameraName(l.camera), basis(l.grant), l.purpose].filter(Boolean).join(", "))), l.talked && h("span.tag.is-warn", "spoke"), age(l.from, { prefix: "for ", suffix: "", stale: 1e9 })))));
    fill(past, h("h2", "Before"), table(["Who", "When", "How long", "Camera", "Right", "Ended because"], log.past.map((l) => [
      h("div", h("strong", l.actor), h("div.small.quiet", roleName(l.role))), fullOf(l.from), l.to ? span(Date.parse(l.to) - Date.parse(l.from)) : "", cameraName(l.camera),
      h("div", basis(l.grant), l.incident && h("div", h("a.small", { href: `#/incident/${encodeURIComponent(l.incident)}` }, "Incident")), l.talked && h("span.tag.is-warn", "spoke")), l.reason ?? ""]), "Nobody has looked in yet."));
  };
  feed.on("lookIn", coalesce(() => refresh().catch(() => {})), signal);
  fill(root, h("div.page-head", h("div", h("h1", "Who looked in"), h("p", "Every look-in stands here from its first second, yours too. Nobody can remove a line."))), active, past);
  await refresh();
}
