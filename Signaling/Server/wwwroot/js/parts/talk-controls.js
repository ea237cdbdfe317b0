import { fill, h, icon } from "../dom.js";
import { checkTalk, TalkChannel, talkSteps } from "../talk.js";
import { openDialog, toast } from "./dialog.js";

/** Talk button (push to talk or open line) and the talk check of a player. */
export function talkControls(player, video, isCompact) {
  const talk = new TalkChannel(player);
  let isDuplex = false, isHeld = false, volume = 1;

  const button = h("button.talk", { type: "button", testid: "talk-button", data: { on: "false", key: "talk" }, disabled: true });
  const mode = h("button.plain.small", { type: "button", data: { key: "talk-mode" } });
  const check = h("button.plain.small", { type: "button", testid: "talk-check", data: { key: "talk-check" } }, "Talk check");
  const element = h("div.actions", button, isCompact ? null : mode, isCompact ? null : check);

  const update = () => {
    const isReady = player.phase === "playing";
    button.disabled = !isReady || !player.canTalk;
    button.dataset.on = String(talk.isOn);
    button.setAttribute("aria-pressed", String(talk.isOn));
    const words = isReady && !player.canTalk ? "This camera takes no sound" : talk.isOn ? isDuplex ? "You are heard. End talk" : "You are heard" : isDuplex ? "Open the line" : "Hold to talk";
    fill(button, icon("mic"), words);
    mode.textContent = isDuplex ? "Use hold to talk" : "Use open line";
    mode.disabled = check.disabled = button.disabled;
  };

  const set = async (isOn) => {
    try {
      await talk.set(isOn);
      // While speaking half-duplex the home is turned down, so that it does not hear itself.
      if (!isDuplex && isOn) { volume = video.volume; video.volume = Math.min(volume, 0.15); }
      else video.volume = volume;
      // The button may have been let go while the browser asked for the microphone.
      if (isOn && !isDuplex && !isHeld) await talk.set(false);
    } catch (error) {
      toast(error.message, { isBad: true });
    }
    update();
  };
  const press = () => { if (!isDuplex && !button.disabled && !isHeld) { isHeld = true; set(true); } };
  const release = () => { if (isHeld) { isHeld = false; set(false); } };

  button.addEventListener("pointerdown", (e) => { if (e.button === 0) { button.setPointerCapture(e.pointerId); press(); } });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(name, release);
  button.addEventListener("keydown", (e) => { if (e.key === " " || e.key === "Enter") { if (!isDuplex) e.preventDefault(); if (!e.repeat) press(); } });
  button.addEventListener("keyup", (e) => { if (e.key === " " || e.key === "Enter") release(); });
  button.addEventListener("click", () => { if (isDuplex) set(!talk.isOn); });
  button.addEventListener("contextmenu", (e) => e.preventDefault());
  mode.addEventListener("click", async () => { await set(false); isDuplex = !isDuplex; update(); });
  check.addEventListener("click", () => openCheck(player, talk).then(update));

  update();
  return { element, update, close: () => talk.close() };
}

async function openCheck(player, talk) {
  const abort = new AbortController();
  const bar = h("i");
  const rows = talkSteps.map((words) => ({ root: h("li", { data: { result: "" } }), words }));
  const show = (i, result, words) => {
    const row = rows[i];
    row.root.dataset.result = result;
    fill(row.root, h("span.dot", { aria: { hidden: "true" } }, { ok: "ok", failed: "!", run: "..." }[result] ?? i + 1),
      h("div", h("p.strong", row.words, h("span.visually-hidden", { ok: ": works", failed: ": failed", run: ": being checked" }[result] ?? "")), words && h(result === "failed" ? "p.error.small" : "p.quiet.small", words)));
  };
  rows.forEach((_, i) => show(i, "", ""));
  const verdict = h("p.note", { role: "status", testid: "talk-verdict" }, "Speak while the check runs.");
  const closed = openDialog("Talk check", (close) => [
    h("p.quiet", "Each step is tried in turn; people in the home hear you meanwhile."),
    h("ol.checks", { aria: { live: "polite" } }, rows.map((r) => r.root)), h("div.level", { aria: { hidden: "true" } }, bar), verdict,
    h("div.row-end", h("button.primary", { type: "button", on: { click: () => close() } }, "Close")),
  ], { testid: "talk-check-dialog" }).then(() => abort.abort());
  const isGood = await checkTalk(player, talk, show, (level) => { bar.style.width = `${Math.round(level * 100)}%`; }, abort.signal);
  const failed = rows.find((r) => r.root.dataset.result === "failed");
  verdict.className = isGood ? "note is-good" : "note is-bad";
  verdict.textContent = isGood ? "Two-way talk works." : failed ? `Talk fails at: ${failed.words.toLowerCase()}.` : "The check was stopped.";
  await closed;
}
