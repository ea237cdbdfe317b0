import { post } from "../api.js";
import { fill, h } from "../dom.js";
import { act } from "../parts/dialog.js";
import { fullOf } from "../words.js";

/** One-time codes with which a new gateway enrols. */
export function show({ root }) {
  const result = h("div", { aria: { live: "polite" } });
  const gateway = h("input", { id: "gateway", required: true, autocapitalize: "none", spellcheck: false, pattern: "[A-Za-z0-9._:\\-]{1,64}" });
  const submit = (e) => {
    e.preventDefault();
    act(e.submitter, async () => {
      const answer = await post("/api/operator/claims", { gateway: gateway.value.trim() });
      fill(result, h("section.card", h("h2", `Claim code for ${gateway.value.trim()}`), h("p.secret.code-once", { testid: "claim-code" }, answer.code), h("p.quiet", `It works once${answer.expires ? `, until ${fullOf(answer.expires)}` : ""}, and is not shown again.`)));
    });
  };
  fill(root, h("div.page-head", h("div", h("h1", "Claim codes"), h("p", "A new gateway proves with a code that it may enrol; it then gets a certificate of its own."))),
    h("section.card", h("form.form", { on: { submit } }, h("div.field", h("label", { htmlFor: "gateway" }, "Gateway id"), gateway, h("p.hint", "As printed on the gateway.")), h("div", h("button.primary", { type: "submit" }, "Make a code")))), result);
}
