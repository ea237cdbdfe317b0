// Runs before the first paint, so that a chosen theme never flashes in the wrong colours.
(function () {
  const key = "mediarelay-theme";
  const root = document.documentElement;
  const read = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const apply = (theme) => { if (theme) root.dataset.theme = theme; else delete root.dataset.theme; };
  apply(read());
  window.portalTheme = {
    current: () => root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
    toggle() {
      const next = this.current() === "dark" ? "light" : "dark";
      try { localStorage.setItem(key, next); } catch { /* private windows keep it for this page only */ }
      apply(next);
      return next;
    },
  };
})();
