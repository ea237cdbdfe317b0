import { del, get, homePath, now, post } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { act, confirmDialog, openDialog, toast } from "../parts/dialog.js";
import { table } from "../parts/table.js";
import { actionName, fullOf, grantable, roleName } from "../words.js";

const local = (ms) => { const d = new Date(ms); return new Date(ms - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16); };
const utc = (text) => text ? new Date(text).toISOString() : undefined;
const field = (id, label, props = {}, hint = "") => h("div.field", h("label", { htmlFor: id }, label), h("input", { id, name: id, required: true, ...props }), hint && h("p.hint", hint));

/** A form in a dialog that stays open, with the server's words, until the server took it. */
function formDialog(title, words, fields, ok, submit, testid) {
  return openDialog(title, (close) => {
    const error = h("p.error", { role: "alert", hidden: true });
    return h("form", { on: { submit: async (e) => {
      e.preventDefault();
      error.hidden = true;
      e.submitter.disabled = true;
      e.submitter.setAttribute("aria-busy", "true");
      try { await submit(new FormData(e.target)); close(true); } catch (problem) { error.textContent = problem.message; error.hidden = false; }
      e.submitter.disabled = false;
      e.submitter.removeAttribute("aria-busy");
    } } }, words && h("p.quiet", words), fields, error,
    h("div.row-end", h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button.primary", { type: "submit", testid: `${testid}-save` }, ok)));
  }, { testid });
}

/** People of the home, guests, codes for the keypad, and rights given for a while. */
export async function show({ root, signal, session }) {
  const people = h("section.card", { testid: "accounts" }), codes = h("section.card", { testid: "codes" }), grants = h("section.card", { testid: "grants" });
  const paths = { users: homePath(session.home, "users"), grants: homePath(session.home, "grants"), codes: homePath(session.home, "codes") };
  const head = (title, words, ok, open, testid) => h("div.card-head", h("div", h("h2", title), h("p.small.quiet", words)), h("button", { type: "button", testid, data: { key: testid }, on: { click: open } }, icon("plus"), ok));

  const refresh = async () => {
    const [list, given, keypad] = await Promise.all([get(paths.users, { signal }), get(paths.grants, { signal }), get(paths.codes, { signal })]);
    fill(people, head("Accounts", "Who may log in for this home.", "Add a person", addPerson, "add-person"), table(["Name", "Role", "Second factor", "Until", ""], list.map((u) => [
      h("div", h("strong", u.name), h("div.small.quiet", u.id)), roleName(u.role), h("span.pill", { class: u.secondFactor ? "is-good" : "" }, u.secondFactor ? "Enrolled" : "None"), u.until ? fullOf(u.until) : "No end",
      u.id === session.user.id ? h("span.quiet.small", "You") : h("button.small", { type: "button", aria: { label: `Remove ${u.name}` }, on: { click: (e) => removePerson(u, e.currentTarget) } }, "Remove")]), "No accounts."));
    fill(codes, head("Keypad codes", "Checked by the gateway itself, also without internet. Only a hash is kept, so a forgotten code is replaced, not looked up.", "Give a code", giveCode, "give-code"), table(["Whose", "Valid", "Kind", "Given", ""], keypad.codes.map((c) => [
      h("strong", c.name), c.from || c.until ? `${c.from ? `from ${fullOf(c.from)} ` : ""}${c.until ? `until ${fullOf(c.until)}` : ""}` : "Always", c.isDuress ? h("span.tag.is-warn", "calls for help") : "Normal", fullOf(c.given),
      h("button.small", { type: "button", aria: { label: `Take back the code of ${c.name}` }, on: { click: (e) => act(e.currentTarget, async () => { await del(`${paths.codes}/${encodeURIComponent(c.id)}`); toast("The home has deleted the code."); await refresh(); }) } }, "Take back")]),
    "Nobody has a code yet. Without one the keypad in the home disarms nothing."));
    fill(grants, head("Rights given for a while", "Guests and installers need one; operators have theirs only during an alarm.", "Give a right", giveRight, "give-right"), table(["To", "May", "Until", "Why", ""], given.map((g) => [
      h("strong", g.subject), g.actions.map(actionName).join(", "), h("span", fullOf(g.until), " ", h("span.tag", g.open ? "open" : "over")), g.reason,
      g.open ? h("button.small", { type: "button", aria: { label: `End the right of ${g.subject}` }, on: { click: (e) => act(e.currentTarget, async () => { await del(`${paths.grants}/${encodeURIComponent(g.id)}`); await refresh(); }) } }, "End now") : ""]), "No right was given."));
  };
  const removePerson = async (user, button) => {
    if (!await confirmDialog(`Remove ${user.name}?`, "The account is gone at once and what it has open ends. A keypad code is taken back on its own.", "Remove", { isDanger: true })) return;
    await act(button, async () => { await del(`${paths.users}/${encodeURIComponent(user.id)}`); await refresh(); });
  };
  const then = async (done, words) => { if (await done) { toast(words); await refresh(); } };
  const addPerson = () => then(formDialog("Add a person", "", [
    h("div.form-2", field("name", "Name"), field("id", "User name", { autocapitalize: "none", pattern: "[A-Za-z0-9._@\\-]{3,64}" }),
      h("div.field", h("label", { htmlFor: "role" }, "Role"), h("select", { id: "role", name: "role" }, h("option", { value: "guest" }, "Guest"), h("option", { value: "homeOwner" }, "Home owner"))),
      field("until", "Until (empty: no end)", { type: "datetime-local", required: false })), field("password", "Password", { type: "password", minLength: 10, autocomplete: "new-password" }, "At least 10 characters.")],
  "Add", (d) => post(paths.users, { id: d.get("id"), name: d.get("name"), role: d.get("role"), password: d.get("password"), until: utc(d.get("until")) }), "person-dialog"), "The person may log in now.");
  const giveCode = () => then(formDialog("Give a keypad code", "The home confirms the code before it is shown here.", [
    field("code-name", "Whose", { maxLength: 64 }), field("code", "Code", { type: "password", inputMode: "numeric", autocomplete: "off", pattern: "[0-9]{4,8}", maxLength: 8 }, "4 to 8 digits, different from everybody else's."),
    h("div.form-2", field("code-from", "From (empty: at once)", { type: "datetime-local", required: false }), field("code-until", "Until (empty: no end)", { type: "datetime-local", required: false })),
    h("label.check", h("input", { type: "checkbox", name: "duress" }), h("span", "This code calls for help. It disarms like any other, and the central station is told silently; no screen of the home shows it until the station has closed the case."))],
  "Give the code", (d) => post(paths.codes, { name: d.get("code-name"), code: d.get("code"), from: utc(d.get("code-from")), until: utc(d.get("code-until")), isDuress: d.get("duress") === "on" }), "code-dialog"), "The home has taken the code.");
  const giveRight = () => then(formDialog("Give a right for a while", "", [
    field("subject", "To (user name)", { autocapitalize: "none" }), h("fieldset", h("legend", "May"), h("div.form-2", grantable.map((a) => h("label.check", h("input", { type: "checkbox", name: "actions", value: a }), actionName(a))))),
    h("div.form-2", field("end", "Until", { type: "datetime-local", value: local(now() + 86400000) }), field("reason", "Why", {}, "Shown in the log of the home."))],
  "Give the right", (d) => post(paths.grants, { subject: d.get("subject"), actions: d.getAll("actions"), until: utc(d.get("end")), reason: d.get("reason") }), "right-dialog"), "The right is given.");

  fill(root, h("div.page-head", h("div", h("h1", "People"), h("p", "Everybody has an own account and an own code, so the log says who did what."))), people, codes, grants);
  await refresh();
}
