"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const one = (id) => document.getElementById(id);
  const moments = all("[data-moment]");
  const rows = all("[data-row]");
  const buttons = all("button.step");
  const last = moments.length - 1;
  const title = document.title;
  const wide = matchMedia("(width > 62rem)");
  let now = 0;

  const show = (wanted, { focus = false } = {}) => {
    now = Math.min(Math.max(wanted, 0), last);
    moments.forEach((moment, number) => { moment.hidden = number !== now; });
    const here = new Map();
    rows.forEach((row, number) => {
      row.classList.toggle("later", number > now);
      row.classList.toggle("now", number === now);
      const cell = row.querySelector("[data-column] > button")?.parentElement;
      if (cell && number <= now) here.set(cell.dataset.column, number);
    });
    const reached = new Set(here.values());
    buttons.forEach((button, number) => {
      button.tabIndex = number === now ? 0 : -1;
      button.classList.toggle("here", reached.has(number));
      if (number === now) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    one("first").disabled = one("back").disabled = now === 0;
    one("next").disabled = one("last").disabled = now === last;
    one("position").textContent = `step ${now} of ${last}`;
    one("status").textContent = moments[now].dataset.told;
    document.title = `step ${now} of ${last} · ${title}`;
    if (focus) buttons[now].focus({ preventScroll: true });
    // Side by side the timeline goes along; on a small screen what there is after the step comes first.
    (wide.matches ? buttons : moments)[now].scrollIntoView({ block: "nearest" });
    try { history.replaceState(null, "", `#step=${now}`); } catch { /* a viewer without an address */ }
  };

  const from_address = () => {
    const step = /^#step=(\d+)$/.exec(location.hash);
    return step ? Number(step[1]) : 0;
  };

  const keys = {
    ArrowRight: () => now + 1,
    ArrowLeft: () => now - 1,
    Home: () => 0,
    End: () => last,
    "!": () => Number(one("harm")?.dataset.step ?? now),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const target = keys[event.key];
    if (!target) return;
    event.preventDefault();
    show(target(), { focus: document.activeElement?.classList.contains("step") });
  });
  one("first").addEventListener("click", () => show(0));
  one("back").addEventListener("click", () => show(now - 1));
  one("next").addEventListener("click", () => show(now + 1));
  one("last").addEventListener("click", () => show(last));
  one("harm")?.addEventListener("click", (event) => show(Number(event.currentTarget.dataset.step)));
  buttons.forEach((button, number) => button.addEventListener("click", () => show(number, { focus: true })));
  window.addEventListener("hashchange", () => show(from_address()));

  document.body.classList.add("stepping");
  one("controls").hidden = false;
  show(from_address());
})();
