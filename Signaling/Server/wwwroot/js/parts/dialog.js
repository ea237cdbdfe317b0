import { h } from "../dom.js";
import { post } from "../api.js";

/** Shows a dialog until it is closed; `build(close)` gives its content. The promise has what close was called with, null for Escape. */
export function openDialog(title, build, { testid } = {}) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { testid, aria: { label: title } });
    let result = null;
    const close = (value = null) => { result = value; dialog.close(); };
    dialog.append(h("div.stack", h("h2", title), build(close)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(result); });
    dialog.addEventListener("click", (e) => { if (e.target === dialog) close(); });
    document.getElementById("dialogs").append(dialog);
    dialog.showModal();
  });
}

/** Asks yes or no. */
export const confirmDialog = (title, words, yes, { isDanger = false } = {}) => openDialog(title, (close) => [
  h("p", words),
  h("div.row-end", h("button", { type: "button", on: { click: () => close(false) } }, "Cancel"), h(isDanger ? "button.danger" : "button.primary", { type: "button", testid: "confirm-yes", on: { click: () => close(true) } }, yes)),
]);

/** Asks for one line of text. */
export const askDialog = (title, label, ok, { hint = "", type = "text" } = {}) => openDialog(title, (close) => {
  const input = h("input", { id: "ask-text", type, required: true, maxLength: 300, autocomplete: "off" });
  return h("form", { on: { submit: (e) => { e.preventDefault(); close(input.value.trim()); } } },
    h("div.field", h("label", { htmlFor: "ask-text" }, label), input, hint && h("p.hint", hint)),
    h("div.row-end", h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button.primary", { type: "submit" }, ok)));
});

/** Asks for the one-time code until it fits; true when the server took one. */
export const askCode = () => openDialog("One-time code", (close) => {
  const input = h("input", { id: "code-again", inputMode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxLength: 6, required: true });
  const error = h("p.error", { role: "alert", hidden: true });
  const submit = async (e) => {
    e.preventDefault();
    try {
      await post("/api/second-factor", { code: input.value });
      close(true);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
      input.select();
    }
  };
  return h("form", { on: { submit } },
    h("p", "This action needs the six digits of your authenticator app. They count for the next five minutes."),
    h("div.field", h("label", { htmlFor: "code-again" }, "Six digits"), input), error,
    h("div.row-end", h("button", { type: "button", on: { click: () => close(false) } }, "Cancel"), h("button.primary", { type: "submit" }, "Continue")));
}, { testid: "second-factor" });

/** A short message at the edge; errors stay until dismissed. */
export function toast(words, { isBad = false } = {}) {
  const element = h(isBad ? "div.toast.is-bad" : "div.toast", { role: isBad ? "alert" : null, testid: "toast" }, h("p", words),
    h("button", { type: "button", aria: { label: "Dismiss" }, on: { click: () => element.remove() } }, "x"));
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), isBad ? 15000 : 5000);
}

/** Runs an action of a button: busy meanwhile, its failure said in words. Gives the result, undefined on failure. */
export async function act(button, action) {
  button?.setAttribute("aria-busy", "true");
  if (button) button.disabled = true;
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, { isBad: true });
    return undefined;
  } finally {
    button?.removeAttribute("aria-busy");
    if (button) button.disabled = false;
  }
}
