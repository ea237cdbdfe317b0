import { del, get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { act, askDialog, openDialog, toast } from "./parts/dialog.js";
import { load } from "./session.js";
import { actionName, fullOf, roleName } from "./words.js";

const isStaffRole = (role) => role !== "homeOwner" && role !== "guest";

/** The person's own account: role, rights and second factor. */
export function show({ root, session }) {
  const box = h("section.card", { testid: "second-factor-card" });
  const needs = h("p.note.is-warn", { role: "status", testid: "must-enrol", hidden: !session.secondFactor.required }, h("strong", "Enrol a second factor to go on. "), isStaffRole(session.user.role) ? "Staff see and do nothing before they have one." : "Looking in, disarming and unlocking need one here.");
  const render = () => fill(box, h("div.card-head", h("h2", "Second factor"), h("span.pill", { class: session.secondFactor.enrolled ? "is-good" : "is-warn" }, session.secondFactor.enrolled ? "Enrolled" : "Not enrolled")),
    h("div.stack", h("p", session.secondFactor.enrolled
      ? "Your authenticator app is asked for at login, and again before looking in and disarming. Enrolling again replaces it."
      : "An authenticator app makes a one-time code that is asked for at login and before looking in or disarming. A stolen password alone then opens nothing."),
    h("div", h("button", { type: "button", testid: "enrol", class: session.secondFactor.enrolled ? "" : "primary", on: { click: (e) => act(e.currentTarget, begin) } }, session.secondFactor.enrolled ? "Enrol another app" : "Enrol an app"))));

  const begin = async () => {
    const { secret, uri } = await post("/api/second-factor/enrol");
    const code = h("input", { id: "enrol-code", inputMode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxLength: 6, required: true });
    const submit = async (e) => {
      e.preventDefault();
      await act(e.submitter, async () => {
        await post("/api/second-factor/confirm", { code: code.value });
        const wasRequired = session.secondFactor.required;
        await load();
        if (wasRequired) { location.hash = ""; location.reload(); return; }
        toast("The second factor is enrolled.");
        render();
      });
    };
    fill(box, h("h2", "Enrol an app"), h("form.form", { on: { submit } },
      h("ol.stack",
        h("li", h("p", "1. Open your authenticator app and add an account. On this device ", h("a", { href: uri }, "open the app"), "; elsewhere type this secret:"), h("p.secret.mono", { testid: "enrol-secret" }, secret.replace(/(.{4})/g, "$1 ").trim())),
        h("li.field", h("label", { htmlFor: "enrol-code" }, "2. The six digits that the app shows now"), code)),
      h("div.actions", h("button.primary", { type: "submit" }, "Confirm"), h("button", { type: "button", on: { click: render } }, "Cancel"))));
    code.focus();
  };

  render();
  fill(root, h("div.page-head", h("div", h("h1", "Your account"))), needs,
    h("div.grid", h("section.card", h("h2", session.user.name), h("dl.facts", h("div", h("dt", "User name"), h("dd", session.user.id)), h("div", h("dt", "Role"), h("dd", roleName(session.user.role)))),
      session.rights.length > 0 && [h("p.small.quiet", { class: "day" }, "You may"), h("div.actions", session.rights.map((r) => h("span.tag", actionName(r))))]), box, !session.secondFactor.required && session.rights.includes("lookIn") && tokens()));
}

/** Tokens for players elsewhere: made, shown once, taken back. */
function tokens() {
  const box = h("section.card", { testid: "tokens-card" });
  const refresh = async () => {
    const { tokens: own } = await get("/api/session/tokens");
    fill(box, h("h2", "Players elsewhere"), h("p", "A token lets a player on another page look in as you, and do nothing else. It ends by itself, with your password, or when you take it back."),
      h("ul.stack", own.map((t) => h("li.actions", h("span", h("strong", t.label), h("span.small.quiet", ` until ${fullOf(t.until)}`)),
        h("button.small", { type: "button", on: { click: (e) => act(e.currentTarget, async () => { await del(`/api/session/tokens/${encodeURIComponent(t.id)}`); await refresh(); }) } }, "Take back")))),
      h("div", h("button", { type: "button", testid: "token-make", on: { click: (e) => act(e.currentTarget, make) } }, "Make a token")));
  };
  const make = async () => {
    const label = await askDialog("Make a token", "What is it for?", "Make");
    if (!label) return;
    const { token, until } = await post("/api/session/tokens", { label });
    await refresh();
    await openDialog("Your token", (close) => [h("p", `It is shown only now, and works until ${fullOf(until)}.`), h("p.secret.mono", { testid: "token-text" }, token),
      h("div.row-end", h("button.primary", { type: "button", on: { click: () => close() } }, "Close"))]);
  };
  refresh().catch((problem) => fill(box, h("p.note", problem.message)));
  return box;
}
