import { fill, h, icon } from "../dom.js";
import { WhepPlayer } from "../live.js";
import { span } from "../words.js";
import { still } from "./still.js";
import { liveSteps } from "./live-steps.js";
import { talkControls } from "./talk-controls.js";

const grantWords = {
  none: "No guarantee asked", requested: "Bandwidth requested", authorized: "Bandwidth authorized", committed: "Bandwidth committed",
  refused: "Bandwidth refused: best effort", lost: "Bandwidth lost: best effort", released: "Bandwidth released",
};

/** False only when the camera says that it takes no sound; what is not known is asked in the offer. */
export const mayTalk = (camera) => !camera || camera.talk || !camera.properties?.some((p) => p.name === "talk");

/** The live view of one camera: still picture at once, video with its first picture, steps behind an "i", talk. */
export function liveView({ home, camera, incident, purpose, signal, isCompact = false, onEnd }) {
  const query = new URLSearchParams(Object.entries({ incident, purpose }).filter(([, v]) => v)).toString();
  const url = `/whep/${encodeURIComponent(home)}/${encodeURIComponent(camera.id)}${query ? `?${query}` : ""}`;
  const video = h("video", { testid: "live-video", playsInline: true, autoplay: true, muted: isCompact, aria: { label: `Live video of ${camera.name}` } });
  const chip = h("span.chip.is-wait", { role: "status" }, "Starting");
  const grant = h("span.grant", { testid: "grant-badge", data: { state: "none" } }, grantWords.none);
  const problem = h("div.middle", { role: "alert", testid: "live-error", hidden: true });
  const picture = still(camera.stillUrl, camera.name, { signal, every: 3600, maxAge: 3600, isBare: true });
  const stage = h("div.stage", { data: { phase: "idle" } }, [...picture.childNodes], video, h("div.over", chip, picture.stamp), problem);
  const detail = h("div", { hidden: true });
  const bar = h("div.live-bar");
  const root = h("div.live", { data: { camera: camera.id } }, stage, bar, detail);
  let player = null, talk = null;

  const start = () => {
    talk?.close();
    player?.stop();
    player = new WhepPlayer({ url, talk: camera.talk !== false, video });
    talk = talkControls(player, video, isCompact);
    player.addEventListener("change", show);
    player.addEventListener("stats", () => { if (!detail.hidden) fill(detail, liveSteps(player)); });
    buildBar();
    show();
    player.start();
  };

  const sound = h("button.round", { type: "button", data: { key: "sound" }, on: { click: () => { video.muted = !video.muted; showSound(); } } });
  const showSound = () => {
    fill(sound, icon(video.muted ? "mute" : "sound"));
    sound.setAttribute("aria-label", video.muted ? "Sound is off. Switch it on" : "Sound is on. Switch it off");
    sound.title = sound.getAttribute("aria-label");
    sound.setAttribute("aria-pressed", String(!video.muted));
  };
  video.addEventListener("volumechange", showSound);
  const stepsButton = h("button.round", { type: "button", testid: "live-steps", title: "Steps and path of this live view", aria: { label: "Steps and path of this live view", expanded: "false" },
    on: { click: () => { detail.hidden = !detail.hidden; stepsButton.setAttribute("aria-expanded", String(!detail.hidden)); fill(detail, liveSteps(player)); } } }, icon("info"));
  const fullButton = h("button.round", { type: "button", title: "Full screen", aria: { label: "Full screen" }, on: { click: () => document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.() } }, icon("full"));
  const stopButton = h("button", { type: "button", testid: "live-stop", on: { click: () => player.stop("You ended the live view.") } }, "End");

  function buildBar() {
    fill(bar, camera.talk !== false && talk.element, grant, h("div.end", sound, stepsButton, isCompact ? null : fullButton, stopButton));
    showSound();
  }

  function show() {
    stage.dataset.phase = player.phase;
    document.body.dataset.live = player.phase;
    const isFrame = player.done.some((s) => s.name === "first-frame");
    stage.classList.toggle("has-frame", isFrame && player.phase === "playing");
    chip.className = `chip ${player.phase === "playing" && !player.stalledSince ? "is-live" : player.phase === "starting" || player.stalledSince ? "is-wait" : ""}`;
    chip.textContent = player.phase === "playing"
      ? player.stalledSince ? "The picture stands still: waiting for the home" : "Live"
      : player.phase === "starting" ? `Starting: ${nextWords()}. Still picture meanwhile`
      : "Not live: still picture";
    picture.stamp.classList.toggle("visually-hidden", player.phase === "playing");
    grant.dataset.state = player.grant.state;
    grant.textContent = grantWords[player.grant.state] ?? player.grant.state;
    grant.title = player.grant.words;
    showProblem();
    talk.update();
    stopButton.hidden = player.phase !== "playing" && player.phase !== "starting";
    if (!detail.hidden) fill(detail, liveSteps(player));
    if (player.phase === "ended" || player.phase === "failed") onEnd?.(player);
  }

  function nextWords() {
    const last = player.done.at(-1)?.name;
    return { prepare: "making an offer", offer: "waiting for the home", answer: "looking for a path", ice: "agreeing keys", dtls: "waiting for the first packet", "first-packet": "waiting for the first picture" }[last] ?? "asking for a relay";
  }

  function showProblem() {
    const again = h("button.small", { type: "button", data: { key: "again" }, on: { click: start } }, "Try again");
    problem.hidden = player.phase !== "failed" && player.phase !== "ended";
    problem.setAttribute("role", player.phase === "failed" ? "alert" : "status");
    if (player.phase === "failed") {
      fill(problem, h("h3", `No live video. Step that failed: ${player.failure.stepWords}`), h("p", player.failure.words), again);
    } else if (player.phase === "ended") {
      fill(problem, h("p", `${player.endWords || "The live view ended."} It ran ${span(player.elapsed())}.`), again);
    }
  }

  signal.addEventListener("abort", () => { talk?.close(); player?.stop("The page was left."); delete document.body.dataset.live; });
  start();
  return root;
}
