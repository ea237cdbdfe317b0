import { h, icon } from "../dom.js";
import { clockOf, dayOf, fullOf, span } from "../words.js";

const kinds = [
  [/^alarm\./, "alert", "is-alarm"], [/^gateway\.(lost|suspect|fault)|^device\.lost|^power\.(lost|battery)/, "alert", "is-warn"], [/^gateway|^session|^path|^power/, "server", ""],
  [/^partition|^entry/, "shield", ""], [/^device/, "door", ""], [/^media|^look-in/, "eye", "is-look"], [/^clip/, "film", ""], [/^directive|^instruction|^content/, "pulse", ""],
];

/** False for what only confirms that machines did their work. */
export const isWorthKnowing = (e) => !e.clip?.startsWith("still-") && !(e.kind === "instruction.result" && / done\b/.test(e.text)) && !(e.kind === "device.state" && /: (bypass (off|once|always)|talk (true|false))\.$/.test(e.text)) && !/^home\.snapshot|^provisioning|^log$|^directive\.state|^media\.(offer|answer|candidate|state)/.test(e.kind);

/** What entries a filter shows. */
export const filters = [
  ["Main", (e) => isWorthKnowing(e)], ["Alarms", (e) => /^alarm|^entry/.test(e.kind)], ["Arming", (e) => /^partition/.test(e.kind)], ["Devices", (e) => /^device/.test(e.kind)],
  ["Gateway", (e) => /^gateway|^session|^power|^path/.test(e.kind)], ["Everything", () => true],
];

/** Entries of a home's timeline, newest first, under headings of days. */
export function timelineList(entries, { isShort = false } = {}) {
  if (!entries.length) return h("p.empty", "Nothing happened yet.");
  let day = "";
  const items = [];
  const shown = new Map();
  for (const entry of entries) {
    // A device that was told and a device that reports say the same thing; once is enough.
    const before = shown.get(entry.text);
    shown.set(entry.text, entry);
    if (before && before.kind === entry.kind && Math.abs(Date.parse(before.at) - Date.parse(entry.at)) < 1500) continue;
    const own = dayOf(entry.at);
    if (own !== day && (!isShort || day)) items.push(h("li.day", own));
    day = own;
    const [, symbol, look] = kinds.find(([test]) => test.test(entry.kind)) ?? [null, "list", ""];
    const late = Date.parse(entry.received ?? entry.at) - Date.parse(entry.at);
    items.push(h("li.line", { class: look }, h("time", { dateTime: entry.at, title: fullOf(entry.at) }, clockOf(entry.at)), h("span.mark", icon(symbol)),
      h("div", h("p.text", entry.text), (late > 30000 || entry.clip) && h("p.who", late > 30000 && h("span", `reported ${span(late)} later`), entry.clip && h("a", { href: "#/clips" }, "Clip")))));
  }
  return h("ol", { testid: "timeline" }, items);
}
