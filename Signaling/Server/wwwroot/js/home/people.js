import { del, get, homePath, now, post } from "../api.js";
import { fill, h } from "../dom.js";
import { act, confirmDialog, toast } from "../parts/dialog.js";
import { table } from "../parts/table.js";
import { actionName, fullOf, grantable, roleName } from "../words.js";

const local = (ms) => { const d = new Date(ms); return new Date(ms - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16); };

/** People of the home, guests, and rights given for a while. */
export async function show({ root, signal, session }) {
  const people = h("section.card");
  const grants = h("section.card");
  const users = homePath(session.home, "users"), rights = homePath(session.home, "grants");

  const refresh = async () => {
    const [list, given] = await Promise.all([get(users, { signal }), get(rights, { signal })]);
    fill(people, h("h2", "Accounts"), table(["Name", "Role", "Second factor", "Until", ""], list.map((u) => [
      h("div", h("strong", u.name), h("div.small.quiet", u.id)), roleName(u.role), u.secondFactor ? "Enrolled" : "None", u.until ? fullOf(u.until) : "No end",
      u.id === session.user.id ? h("span.quiet.small", "You") : h("button.small", { type: "button", aria: { label: `Remove ${u.name}` }, on: { click: (e) => remove(u, e.currentTarget) } }, "Remove")]), "No accounts."));
    fill(grants, h("h2", "Rights given for a while"), table(["To", "May", "Until", "Why", ""], given.map((g) => [
      g.subject, g.actions.map(actionName).join(", "), h("span", fullOf(g.until), " ", h("span.tag", g.open ? "open" : "over")), g.reason,
      g.open ? h("button.small", { type: "button", aria: { label: `End the grant for ${g.subject}` }, on: { click: (e) => act(e.currentTarget, async () => { await del(`${rights}/${encodeURIComponent(g.id)}`); await refresh(); }) } }, "End now") : ""]), "No right was given. Guests and installers need one; operators have theirs only during an alarm."));
  };
  const remove = async (user, button) => {
    if (!await confirmDialog(`Remove ${user.name}?`, "The account is gone at once and what it has open ends.", "Remove", { isDanger: true })) return;
    await act(button, async () => { await del(`${users}/${encodeURIComponent(user.id)}`); await refresh(); });
  };
  const form = (title, fields, ok, submit) => h("section.card", h("h2", title), h("form.form", { on: { submit: (e) => { e.preventDefault(); const f = e.target; act(e.submitter, async () => { await submit(new FormData(f)); f.reset(); await refresh(); }); } } }, fields, h("div", h("button.primary", { type: "submit" }, ok))));
  const field = (id, label, props = {}, hint = "") => h("div.field", h("label", { htmlFor: id }, label), h("input", { id, name: id, required: true, ...props }), hint && h("p.hint", hint));
  const utc = (text) => text ? new Date(text).toISOString() : undefined;

  const add = form("Add a person", [
    h("div.form-2", field("name", "Name"), field("id", "User name", { autocapitalize: "none", pattern: "[A-Za-z0-9._@\\-]{3,64}" }),
      h("div.field", h("label", { htmlFor: "role" }, "Role"), h("select", { id: "role", name: "role" }, h("option", { value: "guest" }, "Guest"), h("option", { value: "homeOwner" }, "Home owner"))),
      field("password", "Password", { type: "password", minLength: 10, autocomplete: "new-password" }, "At least 10 characters."), field("until", "Until (empty: no end)", { type: "datetime-local", required: false }))],
  "Add", async (d) => { await post(users, { id: d.get("id"), name: d.get("name"), role: d.get("role"), password: d.get("password"), until: utc(d.get("until")) }); toast("The person may log in now."); });
  const give = form("Give a right for a while", [
    h("div.form-2", field("subject", "To (user name)", { autocapitalize: "none" }), field("end", "Until", { type: "datetime-local", value: local(now() + 86400000) }), field("reason", "Why", {}, "Shown in the log of the home.")),
    h("fieldset", h("legend", "May"), h("div.form-2", grantable.map((a) => h("label.check", h("input", { type: "checkbox", name: "actions", value: a }), actionName(a)))))],
  "Give", (d) => post(rights, { subject: d.get("subject"), actions: d.getAll("actions"), until: utc(d.get("end")), reason: d.get("reason") }));
  fill(root, h("div.page-head", h("div", h("h1", "People"), h("p", "Everybody has an own account. What a guest may do ends by itself."))), people, grants, h("div.split", add, give));
  await refresh();
}
