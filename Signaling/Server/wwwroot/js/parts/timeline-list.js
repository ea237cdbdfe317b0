import { h, icon } from "../dom.js";
import { clockOf, dayOf, fullOf, span } from "../words.js";

const kinds = [
  [/^alarm\./, "alert", "is-alarm"], [/^gateway\.(lost|suspect|fault)|^device\.lost|^power\.(lost|battery)/, "alert", "is-warn"], [/^gateway|^session|^path|^power/, "server", ""],
  [/^partition|^entry/, "shield", ""], [/^device/, "door", ""], [/^media|^look-in/, "eye", "is-look"], [/^clip/, "film", ""], [/^directive|^instruction|^content/, "pulse", ""],
];

/** What kinds of entries a filter shows. */
export const filters = [
  ["All", () => true], ["Alarms", (k) => /^alarm|^entry/.test(k)], ["Arming", (k) => /^partition/.test(k)], ["Devices", (k) => /^device/.test(k)],
  ["Look-ins", (k) => /^media|^look-in/.test(k)], ["Gateway", (k) => /^gateway|^session|^power|^path/.test(k)],
];

/** Entries of a home's timeline, newest first, under headings of days. */
export function timelineList(entries, { isShort = false } = {}) {
  if (!entries.length) return h("p.empty", "Nothing happened yet.");
  let day = "";
  const items = [];
  for (const entry of entries) {
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
