import { del, get, homePath } from "../api.js";
import { fill, h } from "../dom.js";
import { coalesce, feed } from "../feed.js";
import { homeStore } from "../home-store.js";
import { act, confirmDialog, toast } from "../parts/dialog.js";
import { fullOf, span } from "../words.js";

/** Recorded clips of the home. */
export async function show({ root, signal, session }) {
  const list = h("div.grid.wide");
  fill(root, h("div.page-head", h("div", h("h1", "Clips"), h("p", "Ten seconds before an event and what followed, recorded in the home."))), list);
  const cameraName = (id) => homeStore.state?.cameras.find((c) => c.id === id)?.name ?? id;
  const remove = session.user.role === "homeOwner" ? async (button, source) => {
    if (await confirmDialog("Remove the clip?", "It is gone for good, also for the central station.", "Remove", { isDanger: true }))
      await act(button, async () => { await del(source); toast("The clip is removed."); await refresh(); });
  } : null;
  const ask = (again) => get(homePath(session.home, "clips"), { signal, again });
  const refresh = async (isFirst = false) => {
    try {
      const answer = await ask(isFirst === true);
      const clips = Array.isArray(answer) ? answer : answer.clips ?? [];
      fill(list, clips.map((c) => clipCard(c, cameraName, ask, remove)), clips.length === 0 && h("p.empty", "No clip is kept at the moment."));
    } catch (problem) {
      // What is shown stays when only the one-time code has become too old for a look at what is new.
      if (problem.name !== "AbortError" && (isFirst === true || problem.name !== "second-factor")) fill(list, h("p.note", problem.name === "not-available" ? "Clips are not available here." : problem.message));
    }
  };
  feed.on("home", coalesce(refresh), signal);
  await refresh(true);
}

function clipCard(clip, cameraName, ask, remove) {
  const id = clip.id ?? clip.clip;
  const from = clip.from ?? clip.at;
  const source = clip.url ?? `/api/clips/${encodeURIComponent(clip.gateway)}/${encodeURIComponent(id)}`;
  const length = clip.to && clip.from ? Date.parse(clip.to) - Date.parse(clip.from) : null;
  const video = h("video", { controls: true, preload: "metadata", src: source, playsInline: true, aria: { label: `Clip of ${cameraName(clip.camera)}` } });
  // A clip that is refused in the middle needs the one-time code again; asking for the list asks the person.
  video.addEventListener("error", () => ask(true).then(() => video.load(), () => {}), { once: true });
  return h("section.card.clip", { testid: `clip-${id}` }, video,
    h("p.strong", { class: "day" }, cameraName(clip.camera)),
    h("p.small.quiet", `${from ? fullOf(from) : ""}${length ? `, ${span(length)}` : ""}${clip.reason ? `, ${clip.reason}` : ""} `, h("a", { href: source, download: `${id}.mp4` }, "Save")),
    remove && h("div", h("button.small", { type: "button", testid: `remove-${id}`, on: { click: (e) => remove(e.currentTarget, source) } }, "Remove")));
}
