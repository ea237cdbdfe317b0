import { homePath, post } from "../api.js";
import { fill, h } from "../dom.js";
import { homeStore } from "../home-store.js";
import { act, toast } from "../parts/dialog.js";
import { liveView, mayTalk } from "../parts/live-view.js";
import { still } from "../parts/still.js";

/** One camera, live. */
export function show({ root, signal, params, session }) {
  let isShown = false;
  homeStore.watch((state, problem) => {
    if (isShown) return;
    const camera = state?.cameras.find((c) => c.id === params.id);
    if (!camera) {
      fill(root, h("h1", "Camera"), h("p.note.is-bad", { role: "alert" }, problem?.message ?? "There is no such camera in this home."), h("div", h("a.button", { href: "#/cameras" }, "All cameras")));
      return;
    }
    isShown = true;
    const others = state.cameras.filter((c) => c.id !== camera.id);
    const clip = (e) => act(e.currentTarget, async () => {
      await post(homePath(state.id, "cameras", camera.id, "clips"), { seconds: 20 });
      toast("The home was asked for a clip of the last 20 seconds. It appears under Clips.");
    });
    fill(root, h("div.page-head", h("div", h("h1", camera.name)),
      h("div.actions", session.rights.includes("viewClips") && h("button", { type: "button", on: { click: clip } }, "Keep the last 20 s"))),
    liveView({ home: state.id, camera: { ...camera, talk: mayTalk(camera) }, signal }),
    others.length > 0 && h("section", { aria: { label: "Other cameras" } }, h("div.strip", others.map((c) => h("a", { href: `#/camera/${encodeURIComponent(c.id)}` }, still(c.stillUrl, c.name, { signal, every: 60, maxAge: 300 }), h("span", c.name))))));
  }, signal);
}
