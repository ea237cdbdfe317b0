import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { age } from "../words.js";

/** A page that shows one resource, fetched again on changes and every few seconds while it is seen. */
export async function resourcePage({ root, signal }, { title, words, path, kinds = [], every = 5, testid, render, tools }) {
  const body = h("div.page", { testid });
  const stamp = h("span");
  const query = () => typeof path === "function" ? path() : path;
  const refresh = async () => {
    try {
      const answer = await get(query(), { signal });
      if (signal.aborted) return;
      fill(stamp, age(new Date().toISOString(), { prefix: "as of ", stale: every * 3 + 10 }));
      fill(body, render(answer));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(body, h("p.note", { role: "status" }, problem.name === "not-available" ? "This is not available here: the role that reports it does not run in this process." : problem.message));
    }
  };
  fill(root, h("div.page-head", h("div", h("h1", title), h("p", words)), h("div.actions", tools?.(refresh) ?? null, stamp)), body);
  if (kinds.length) feed.on(kinds, coalesce(refresh, 300), signal);
  if (every) {
    const timer = setInterval(() => { if (!document.hidden) refresh(); }, every * 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
  }
  await refresh();
}

/** A number with its name. */
export const tile = (name, value, look = "") => h("div.card", { class: look }, h("div.small.quiet", name), h("div.big-number", String(value)));

/** A share of a limit as a bar with words. */
export function meter(value, limit, unit = "", words = String) {
  if (value === undefined || value === null) return "";
  if (!limit) return `${value}${unit}`;
  const bar = h("i");
  bar.style.width = `${Math.min(100, (value / limit) * 100)}%`;
  return h("div", h("div.small.nowrap", `${words(value)} of ${words(limit)}${unit}`), h("div.meter", { class: value / limit > 0.8 ? "is-warn" : "" }, bar));
}

/** Bits per second for people. */
export const rate = (bits) => bits === undefined || bits === null ? "" : bits >= 1e9 ? `${(bits / 1e9).toFixed(2)} Gbit/s` : bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1e3)} kbit/s`;

/** The first named field that a record has. */
export const pick = (record, ...names) => { for (const n of names) if (record[n] !== undefined && record[n] !== null) return record[n]; return undefined; };

/** The array in an answer: the answer itself or its named field. */
export const listOf = (answer, name) => Array.isArray(answer) ? answer : answer?.[name] ?? [];
