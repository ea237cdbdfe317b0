/** Builds an element: h("button.primary", { testid: "x", on: { click } }, "Text", child). Strings become text, never markup. */
export function h(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  if (props !== null && (typeof props !== "object" || props instanceof Node || Array.isArray(props))) {
    children.unshift(props);
    props = null;
  }
  for (const [name, value] of Object.entries(props ?? {})) setProp(element, name, value);
  append(element, children);
  return element;
}

function setProp(element, name, value) {
  if (value === null || value === undefined) return;
  if (name === "class") element.classList.add(...String(value).split(" ").filter(Boolean));
  else if (name === "testid") element.dataset.testid = value;
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "aria") for (const [key, item] of Object.entries(value)) { if (item !== null && item !== undefined) element.setAttribute(`aria-${key}`, item); }
  else if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
  else if (name in element && name !== "list" && name !== "form" && name !== "role") element[name] = value;
  else element.setAttribute(name, value);
}

/** Appends children of any depth; null, undefined and false are left out. */
export function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
  return parent;
}

/** Replaces what is in an element and keeps the keyboard focus on the control of the same data-key. */
export function fill(parent, ...children) {
  const active = document.activeElement;
  const key = parent.contains(active) ? active.dataset.key ?? active.id : "";
  const caret = key && "selectionStart" in active ? active.selectionStart : null;
  parent.replaceChildren();
  append(parent, children);
  if (key) {
    const again = [...parent.querySelectorAll("[data-key],[id]")].find((e) => (e.dataset.key ?? e.id) === key);
    again?.focus({ preventScroll: true });
    if (caret !== null && again && "setSelectionRange" in again && again.type === "text") again.setSelectionRange(caret, caret);
  }
  return parent;
}

const paths = {
  home: "M3 11.5 12 4l9 7.5M5.5 10v9.5h13V10M10 19.5v-5h4v5",
  camera: "M3 7.5h11.5v9H3zM14.5 11l6-3v8l-6-3",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  shield: "M12 3.5 5 6v5.5c0 4.4 2.9 7.7 7 9 4.1-1.3 7-4.6 7-9V6z",
  unlock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 5.8-1",
  moon: "M19.5 14A8 8 0 0 1 10 4.5 8 8 0 1 0 19.5 14z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4",
  people: "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11M3 19.5c0-3.3 2.7-5.5 6-5.5s6 2.2 6 5.5M16 11a2.8 2.8 0 1 0-1-5.4M17 14c2.4.4 4 2.4 4 5",
  key: "M8 12a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 13l8.5-8.5M16 8l3 3",
  bulb: "M9 17.5h6M10 20.5h4M8.5 14.5A6 6 0 1 1 15.5 14.5c-.6.6-.8 1.2-.8 3H9.3c0-1.8-.2-2.4-.8-3",
  door: "M6 20.5V4h12v16.5M4 20.5h16M14.5 12.5h.01",
  out: "M14 4.5H5v15h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  mic: "M12 3.5a2.8 2.8 0 0 0-2.8 2.8v5a2.8 2.8 0 0 0 5.6 0v-5A2.8 2.8 0 0 0 12 3.5M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  mute: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 11v5.5M12 7.8h.01",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  pulse: "M3 12h4l2.5-6.5 4.5 13 2.5-6.5H21",
  server: "M4 4.5h16v6H4zM4 13.5h16v6H4zM7.5 7.5h.01M7.5 16.5h.01",
  gate: "M4 20V6M20 20V6M4 9h16M4 13.5h16M8 9v4.5M12 9v4.5M16 9v4.5",
  book: "M5 4.5h11a3 3 0 0 1 3 3v12H8a3 3 0 0 1-3-3zM5 16.5a3 3 0 0 1 3-3h11",
  phone: "M6 3.5h3.5L11 8 8.8 9.5a12 12 0 0 0 5.7 5.7L16 13l4.5 1.5V18a2.5 2.5 0 0 1-2.5 2.5C10.5 20.5 3.5 13.5 3.5 6A2.5 2.5 0 0 1 6 3.5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  ok: "M12 3.5 5 6v5.5c0 4.4 2.9 7.7 7 9 4.1-1.3 7-4.6 7-9V6zM8.8 12l2.3 2.3 4.2-4.4",
  walk: "M13.5 4.5a1.3 1.3 0 1 0 0 .1M9 21l2-5.5 2.5 2V21M11 15.5l.5-5 3.5 3h3M11.5 10.5 8 11.5 7 14.5M4 8.5c.8-1.5 1.8-2.6 3-3.3M18.5 6.5c.9.9 1.5 2 1.9 3.2",
  flame: "M12 3.5c.6 3-3.8 5-4.8 8.9C6.3 16 8.6 20 12 20s5.600-2.900 5.200-6.300c-.3-2-1.400-3-2-4.200-.6 1-1 1.400-1.700 1.800.4-2.900-.2-5.800-1.500-7.800",
  window: "M5 4h14v16H5zM12 4v16M5 12h14",
  warm: "M10 13.500V5.500a2 2 0 0 1 4 0v8a4 4 0 1 1-4 0M12 10v6",
  keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
  speed: "M4 17a8 8 0 1 1 16 0M12 17l4-6",
  plus: "M12 5v14M5 12h14",
  play: "M8 5.5v13l11-6.5z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
};

/** A line icon; decorative, so hidden from screen readers. */
export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", paths[name] ?? paths.info);
  svg.append(path);
  return svg;
}
