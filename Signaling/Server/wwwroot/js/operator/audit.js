import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { act } from "../parts/dialog.js";
import { table } from "../parts/table.js";
import { actionName, fullOf, roleName } from "../words.js";

/** The audit: who asked for what, on which right, and whether it was allowed. */
export async function show({ root, signal }) {
  let records = [], home = "", isAll = false;
  const list = h("section.card", { testid: "operator-audit" }), verdict = h("div");
  const input = h("input", { id: "audit-home", placeholder: "All homes", aria: { label: "Only this home" } });
  const load = async (isMore) => {
    const query = new URLSearchParams();
    if (home) query.set("home", home);
    const last = isMore ? position(records.at(-1)) : undefined;
    if (last !== undefined) query.set("before", last);
    const page = (await get(`/api/operator/audit?${query}`, { signal })).records;
    isAll = page.length < 200;
    records = isMore ? [...records, ...page] : page;
    fill(list, table(["When", "Who", "Action", "Home", "Right", "Result", "From", "Detail"], records.map((r) => {
      const line = r.line ?? r;
      return [h("span.nowrap", fullOf(line.at)), line.actor, actionName(line.action[0].toLowerCase() + line.action.slice(1)), line.home ?? "", right(line.grant ?? ""), h("span.tag", { class: line.result === "refused" ? "is-bad" : "" }, line.result), line.source ?? "", line.detail ?? ""];
    }), "The audit is empty."), !isAll && h("p", h("button", { type: "button", on: { click: (e) => act(e.currentTarget, () => load(true)) } }, "Show older")));
  };
  const verify = () => get("/api/operator/audit/verify").then((answer) => fill(verdict, answer.fault ? h("p.note.is-bad", { role: "alert" }, answer.fault) : h("p.note.is-good", { role: "status" }, "The chain of the audit is whole: no record was changed or removed.")));
  fill(root, h("div.page-head", h("div", h("h1", "Audit"), h("p", "Refusals stand here too. Records are chained; checking finds any that was changed.")),
    h("form.actions", { on: { submit: (e) => { e.preventDefault(); home = input.value.trim(); act(e.submitter, () => load(false)); } } }, h("div", input), h("button", { type: "submit" }, "Show"), h("button", { type: "button", testid: "audit-verify", on: { click: (e) => act(e.currentTarget, verify) } }, "Check the chain"))), verdict, list);
  await load(false);
}

const position = (r) => r?.position ?? r?.sequence ?? r?.number;

/** "role:MsoOperator" as "Network operator", "own-home" as "own home". */
const right = (grant) => grant.startsWith("role:") ? roleName(grant[5].toLowerCase() + grant.slice(6)) : grant.replaceAll("-", " ");
