import { get, homePath, put } from "../api.js";
import { fill, h } from "../dom.js";
import { act, toast } from "../parts/dialog.js";

const events = [
  ["alarm.raised", "An alarm is raised"], ["alarm.cancelled", "An alarm is cancelled"], ["partition.state", "Armed or disarmed"], ["gateway.lost", "The gateway is out of reach"],
  ["gateway.back", "The gateway is back"], ["device.lost", "A device is out of reach"], ["power.lost", "The mains power is lost"], ["power.battery-low", "A battery is low"],
  ["look-in.started", "Somebody looks in"], ["clip.stored", "A clip is stored"],
];
const channels = [["sms", "SMS"], ["email", "E-mail"], ["push", "Push"], ["phone", "Phone call"], ["pager", "Pager"]];

/** Who is told of what, and how. */
export async function show({ root, signal, session }) {
  const path = homePath(session.home, "alerts");
  const { rules = [], contacts = [] } = await get(path, { signal });
  const box = h("div.page");

  const render = () => fill(box,
    h("section.card", h("div.card-head", h("h2", "Contacts, in the order of calling"), h("button.small", { type: "button", data: { key: "add-contact" }, on: { click: () => { contacts.push({ name: "", channel: "sms", address: "" }); render(); } } }, "Add contact")),
      contacts.length ? h("ul.rows", contacts.map(contactRow)) : h("p.empty", "No contact yet. The central station needs at least one to call.")),
    h("section.card", h("div.card-head", h("h2", "Who is told of what"), h("button.small", { type: "button", data: { key: "add-rule" }, on: { click: () => { rules.push({ events: ["alarm.raised"], contacts: contacts.slice(0, 1).map((c) => c.name) }); render(); } } }, "Add rule")),
      rules.length ? h("div.stack", rules.map(ruleRow)) : h("p.empty", "No rule yet: nobody is told of anything.")),
    h("div", h("button.primary", { type: "button", data: { key: "save" }, testid: "alerts-save", on: { click: (e) => act(e.currentTarget, save) } }, "Save")));

  const contactRow = (contact, i) => {
    const field = (name, label, extra = {}) => h("label", label, h("input", { value: contact[name] ?? "", data: { key: `c-${name}-${i}` }, on: { input: (e) => { rename(contact, name, e.target.value); } }, ...extra }));
    return h("li", h("div.form-2.grow", field("name", "Name", { required: true }),
      h("label", "Channel", h("select", { data: { key: `c-ch-${i}` }, on: { change: (e) => { contact.channel = e.target.value; } } }, channels.map(([v, words]) => h("option", { value: v, selected: v === contact.channel }, words)))),
      field("address", "Number or address", { required: true }), field("passPhrase", "Pass-phrase", { autocomplete: "off" })),
    h("div.actions", i > 0 && h("button.small", { type: "button", aria: { label: `Move ${contact.name || "contact"} up` }, on: { click: () => { contacts.splice(i - 1, 0, contacts.splice(i, 1)[0]); render(); } } }, "Up"),
      h("button.small", { type: "button", aria: { label: `Remove ${contact.name || "contact"}` }, on: { click: () => { contacts.splice(i, 1); rules.forEach((r) => { r.contacts = r.contacts.filter((n) => n !== contact.name); }); render(); } } }, "Remove")));
  };
  // Rules name contacts, so a changed name moves along.
  const rename = (contact, name, value) => {
    if (name === "name") rules.forEach((r) => { r.contacts = r.contacts.map((n) => n === contact.name ? value : n); });
    contact[name] = value || (name === "passPhrase" ? undefined : "");
  };
  const ruleRow = (rule, i) => {
    const box = (list, value, words) => h("label.check", h("input", { type: "checkbox", checked: list.includes(value), on: { change: (e) => { if (e.target.checked) list.push(value); else list.splice(list.indexOf(value), 1); } } }), words);
    return h("div.note", h("div.form-2", h("fieldset", h("legend", "When"), events.map(([value, words]) => box(rule.events, value, words))), h("fieldset", h("legend", "Tell"), contacts.map((c) => box(rule.contacts, c.name, `${c.name || "(no name)"} by ${channels.find(([v]) => v === c.channel)?.[1] ?? c.channel}`)),
      h("p", h("button.small", { type: "button", on: { click: () => { rules.splice(i, 1); render(); } } }, "Remove rule")))));
  };
  const save = async () => {
    if (contacts.some((c) => !c.name.trim() || !c.address.trim())) throw new Error("Every contact needs a name and an address.");
    if (new Set(contacts.map((c) => c.name)).size !== contacts.length) throw new Error("Two contacts have the same name. Rules name contacts, so names differ.");
    await put(path, { rules: rules.filter((r) => r.events.length && r.contacts.length), contacts });
    toast("Saved.");
  };
  render();
  fill(root, h("div.page-head", h("div", h("h1", "Alerts"), h("p", "Contacts are called in this order by the central station too. A pass-phrase lets the operator know who answers."))),
    h("p.note.is-warn", { testid: "alerts-honest" }, h("strong", "No messages are sent yet. "), "This release keeps these settings and does not deliver SMS, e-mail, push or calls. What works today: the central station sees alarms at once and calls the contacts from this list, and open pages of this portal show everything as it happens."), box);
}
