import { append, fill, h, icon } from "../dom.js";
import { request } from "../api.js";
import { age } from "../words.js";

/**
 * A still picture that says how old it is. Renewed every `every` seconds while it is seen; `onTime` hears when it was taken.
 */
export function still(url, name, { every = 30, maxAge = 25, signal, isBare = false } = {}) {
  const image = h("img", { alt: `Still picture of ${name}`, hidden: true });
  const missing = h("div.no-picture", h("div", icon("camera"), h("span", "Asking the camera for a picture.")));
  const stamp = h("span.chip", { hidden: true });
  const root = h("div.stage", { data: { still: name } }, image, missing, isBare ? null : h("div.over", h("span"), stamp));
  let objectUrl = "", timer = 0, isSeen = true, stopped = false;

  // A picture renewed by itself must not throw the dialog for the one-time code at the person; a click may.
  const load = async (isAsked = false) => {
    clearTimeout(timer);
    if (stopped) return;
    if (isSeen && !document.hidden) {
      try {
        const response = await request("GET", `${url}${url.includes("?") ? "&" : "?"}max-age=${maxAge}`, { signal, again: isAsked === true });
        const blob = await response.blob();
        if (stopped) return;
        if (objectUrl) URL.revokeObjectURL(objectUrl);
        objectUrl = URL.createObjectURL(blob);
        image.src = objectUrl;
        image.hidden = false;
        image.classList.remove("is-old");
        missing.hidden = true;
        fill(stamp, age(response.headers.get("X-Taken") ?? new Date().toISOString(), { stale: Math.max(60, every * 2 + 10, maxAge + every + 10), prefix: "Still, " }));
        stamp.hidden = false;
      } catch (error) {
        if (error.name === "AbortError") return;
        if (image.hidden && error.name === "second-factor")
          fill(missing, h("div", icon("camera"), h("button.small", { type: "button", data: { key: "still-code" }, on: { click: (e) => { e.preventDefault(); load(true); } } }, "Give the code to see it")));
        else if (image.hidden) fill(missing, h("div", icon("camera"), append(h("span"), [error.name === "not-available" ? "No still picture is available here." : error.message])));
        else image.classList.add("is-old");
      }
    }
    timer = setTimeout(load, every * 1000);
  };

  const seen = new IntersectionObserver((entries) => { isSeen = entries.at(-1).isIntersecting; });
  seen.observe(root);
  root.stamp = stamp;
  signal?.addEventListener("abort", () => {
    stopped = true;
    clearTimeout(timer);
    seen.disconnect();
    if (objectUrl) URL.revokeObjectURL(objectUrl);
  });
  load();
  return root;
}
