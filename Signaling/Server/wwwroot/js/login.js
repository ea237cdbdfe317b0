import { fill, h } from "./dom.js";
import { login } from "./session.js";

/** The login page; the one-time code is asked only when the account needs it. */
export function showLogin(app, words, done) {
  const user = h("input", { id: "user", testid: "login-user", name: "username", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: false });
  const password = h("input", { id: "password", testid: "login-password", name: "password", type: "password", autocomplete: "current-password", required: true });
  const code = h("input", { id: "code", testid: "login-code", name: "code", inputMode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxLength: 6 });
  const codeField = h("div.field", { hidden: true }, h("label", { htmlFor: "code" }, "One-time code"), code, h("p.hint", "Six digits of your authenticator app."));
  const error = h("p.note.is-bad", { role: "alert", testid: "login-error", hidden: true });
  const button = h("button.primary", { type: "submit", testid: "login-submit" }, "Log in");

  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    error.hidden = true;
    try {
      if (await login(user.value, password.value, codeField.hidden ? null : code.value)) {
        done();
        return;
      }
      throw new Error("The browser did not keep the login. Cookies must be allowed for this page.");
    } catch (problem) {
      const isFirstAsk = problem.name === "second-factor" && codeField.hidden;
      if (problem.name === "second-factor") {
        codeField.hidden = false;
        code.required = true;
        code.value = "";
        code.focus();
      }
      error.className = isFirstAsk ? "note" : "note is-bad";
      error.textContent = problem.message;
      error.hidden = false;
    }
    button.disabled = false;
    button.removeAttribute("aria-busy");
  };

  app.removeAttribute("aria-busy");
  document.title = "Log in - MediaRelay";
  fill(app, h("main.login",
    h("section.login-words", h("p.brand", h("img", { src: "/favicon.svg", alt: "", width: 30, height: 30 }), "MediaRelay"),
      h("div", h("h1", "Your home, seen only by those you allow."), h("p", "Every look-in is shown to the people of the home while it happens, and kept in their log.")),
      h("p.small", "Video is encrypted between the home and this browser; a relay on the way carries it but cannot see it.")),
    h("section.login-form", h("form", { on: { submit } }, h("h2", "Log in"), words && h("p.note.is-warn", { role: "status" }, words),
      h("div.field", h("label", { htmlFor: "user" }, "User name"), user), h("div.field", h("label", { htmlFor: "password" }, "Password"), password), codeField, error, button))));
  user.focus();
}
