import { h, icon } from "../dom.js";
import { clockOf, dayOf, fullOf } from "../words.js";

const looks = {
  alarm: ["alert", "is-alarm", "Alarm"], event: ["home", "", "Event"], lookIn: ["eye", "is-look", "Look-in"], gate: ["gate", "is-gate", "Bandwidth gate"], delivery: ["out", "", "Delivery"],
  receipt: ["bell", "is-gate", "Receipt"], note: ["book", "is-note", "Note"], call: ["phone", "", "Call"], clip: ["film", "", "Clip"], status: ["key", "", "Status"],
};

/** The one record: alarm, look-ins, gates, deliveries, receipts, calls and notes on one line of time. */
export function record(entries) {
  const sorted = [...entries].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  let day = "";
  const items = [];
  for (const entry of sorted) {
    if (dayOf(entry.at) !== day) items.push(h("li.day", day = dayOf(entry.at)));
    const [symbol, look, words] = looks[entry.kind] ?? ["list", "", entry.kind];
    items.push(h("li.line", { class: look, data: { kind: entry.kind } }, h("time", { dateTime: entry.at, title: fullOf(entry.at) }, clockOf(entry.at)), h("span.mark", { title: words }, icon(symbol)),
      h("div", h("p.text", entry.text), h("p.who", h("span", words), h("span", entry.actor), entry.reference && h("span.mono", { title: entry.reference }, shorten(entry.reference))))));
  }
  return [h("div.card-head", h("h2", "Record"), h("span.quiet.small", `${entries.length} entries`)), h("ol", { testid: "timeline" }, items)];
}

const shorten = (text) => text.length > 26 ? `${text.slice(0, 12)}...${text.slice(-8)}` : text;
