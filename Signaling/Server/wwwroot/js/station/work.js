import { now, post } from "../api.js";
import { fill, h } from "../dom.js";
import { act, toast } from "../parts/dialog.js";
import { dispositionChoices, levels } from "../words.js";

const results = ["reached, right pass-phrase", "reached, wrong pass-phrase", "reached, no pass-phrase asked", "no answer", "busy", "voice mail", "wrong number"];
const channels = { sms: "SMS", email: "e-mail", phone: "phone call", push: "push" };

/** Call list, notes, look-in window and closing. Built once, so that what is being typed survives updates. */
export function workForms(box, path, session, render) {
  const send = (button, part, body, words) => act(button, async () => { render(await post(`${path}/${part}`, body)); if (words) toast(words); return true; });
  const hint = h("p.note.is-warn", { testid: "claim-hint" }, "Claim the alarm to call, write and close.");
  const calls = h("div"), note = h("textarea", { id: "note", maxLength: 2000, testid: "note-text", required: true });

  const noteForm = h("form.form", { on: { submit: async (e) => { e.preventDefault(); if (await send(e.submitter, "note", { text: note.value })) note.value = ""; } } },
    h("div.field", h("label", { htmlFor: "note" }, "What you saw, heard or did"), note), h("div", h("button", { type: "submit", testid: "note-button" }, "Write the note")));

  const minutes = h("select", { id: "minutes" }, [5, 15, 30, 60].map((m) => h("option", { value: m, selected: m === 15 }, `${m} minutes from now`)));
  const reason = h("input", { id: "reason", required: true, maxLength: 200 });
  const extend = h("section.card", h("h2", "Look-in window"), h("form.form", { on: { submit: async (e) => {
    e.preventDefault();
    // A second less than the hour, because the server's clock may be ahead of the page's.
    if (await send(e.submitter, "extend", { until: new Date(now() + Number(minutes.value) * 60000 - 1000).toISOString(), reason: reason.value }, "The window was extended.")) reason.value = "";
  } } }, h("div.field", h("label", { htmlFor: "minutes" }, "Until"), minutes), h("div.field", h("label", { htmlFor: "reason" }, "Why"), reason, h("p.hint", "The people of the home read this.")), h("div", h("button", { type: "submit", testid: "extend-button" }, "Extend"))));

  const disposition = h("select", { id: "disposition", required: true, testid: "disposition" }, h("option", { value: "" }, "Choose an outcome"), dispositionChoices.map(([v, words]) => h("option", { value: v }, words)));
  const level = h("select", { id: "level", testid: "level" }, levels.map((words, i) => h("option", { value: i }, `${i} - ${words}`)));
  const last = h("input", { id: "close-note", maxLength: 500 });
  const close = h("section.card", h("h2", "Close"), h("form.form", { on: { submit: (e) => { e.preventDefault(); send(e.submitter, "close", { disposition: disposition.value, level: Number(level.value), note: last.value || undefined }, "The incident is closed."); } } },
    h("div.field", h("label", { htmlFor: "disposition" }, "Outcome"), disposition), h("div.field", h("label", { htmlFor: "level" }, "AVS-01 level"), level, h("p.hint", { testid: "level-hint" }, "The facts suggest the level that is chosen; you confirm it.")),
    h("div.field", h("label", { htmlFor: "close-note" }, "Last word (may stay empty)"), last), h("div", h("button.danger", { type: "submit", testid: "close-button" }, "Close the incident"))));

  const callCard = h("section.card", h("h2", "Call list"), calls);
  const noteCard = h("section.card", h("h2", "Note"), noteForm);
  fill(box, hint, callCard, noteCard, session.user.role === "centralStationSupervisor" && extend, close);
  let shown = "", suggested = -1;

  return {
    update({ incident, callList, windowEnds }) {
      const isMine = incident.claimedBy === session.user.id && incident.state !== "closed";
      hint.hidden = isMine || incident.state === "closed";
      for (const card of [callCard, noteCard, close]) card.querySelectorAll("button, input, select, textarea").forEach((e) => { e.disabled = !isMine; });
      extend.hidden = incident.state === "closed" || (!windowEnds && !!incident.cancelled);
      close.hidden = incident.state === "closed";
      noteCard.hidden = incident.state === "closed";
      if (incident.level !== suggested) level.value = String(suggested = incident.level);
      const key = JSON.stringify([callList, isMine]);
      if (key === shown) return;
      shown = key;
      fill(calls, callList?.length ? callList.map((contact, i) => contactRow(contact, i, isMine)) : h("p.empty", "The home named nobody to call."));
    },
  };

  function contactRow(contact, i, isMine) {
    const result = h("select", { id: `result-${i}`, disabled: !isMine, aria: { label: `Result of the call to ${contact.name}` } }, h("option", { value: "" }, "Result of the call"), results.map((r) => h("option", { value: r }, r)));
    const log = async (button) => {
      if (result.value) { if (await send(button, "call", { contact: contact.name, result: result.value })) result.value = ""; }
      else { result.focus(); toast("Choose the result of the call first.", { isBad: true }); }
    };
    const isPhone = contact.channel === "phone" || contact.channel === "sms" || /^[+\d][\d ]+$/.test(contact.address);
    return h("div.contact", h("div", h("span.strong", `${i + 1}. ${contact.name}`), h("div.small", isPhone ? h("a", { href: `tel:${contact.address.replace(/[^+\d]/g, "")}` }, contact.address) : contact.address, h("span.quiet", ` (${channels[contact.channel] ?? contact.channel})`)), contact.passPhrase && h("div.small", "Pass-phrase: ", h("strong", contact.passPhrase))),
      h("div.actions", result, h("button.small", { type: "button", testid: `call-${i}`, disabled: !isMine, on: { click: (e) => log(e.currentTarget) } }, "Log the call")));
  }
}
