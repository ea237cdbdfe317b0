import { h } from "../dom.js";

/** A table that becomes a list of cards on narrow screens. Cells are text or elements. */
export function table(heads, rows, empty = "Nothing to show.", { numeric = [] } = {}) {
  if (!rows.length) return h("p.empty", empty);
  const cell = (value, i) => h(numeric.includes(i) ? "td.num" : "td", { data: { label: heads[i] } }, value ?? "");
  return h("div.table-wrap", { tabIndex: rows.length > 8 ? 0 : -1 }, h("table.stacks", h("thead", h("tr", heads.map((head, i) => h(numeric.includes(i) ? "th.num" : "th", { scope: "col" }, head)))), h("tbody", rows.map((row) => h("tr", row.map(cell))))));
}
