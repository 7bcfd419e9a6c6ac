// Drives a page as a reader does, and puts what it found into the title. .ci/pages appends it to a copy of the page.
"use strict";
(() => {
  let checks = 0;
  const failures = [];
  const check = (holds, words) => { checks += 1; if (!holds) failures.push(words); };
  const last = document.querySelectorAll("[data-moment]").length - 1;
  const harm = Number(document.getElementById("harm").dataset.step);

  // What a reader can see must all be about the same step.
  const shows = (step, how) => {
    const shown = Array.from(document.querySelectorAll("[data-moment]")).filter((moment) => moment.offsetHeight > 0);
    check(shown.length === 1 && Number(shown[0].dataset.moment) === step, `${how}: not step ${step} alone is shown`);
    const current = Array.from(document.querySelectorAll("[aria-current]"));
    check(current.length === 1 && Number(current[0].dataset.step) === step, `${how}: step ${step} is not current`);
    check(document.title.startsWith(`step ${step} of ${last} `), `${how}: title ${document.title}`);
    check(location.hash === `#step=${step}`, `${how}: address ${location.hash}`);
    const said = document.getElementById("status").textContent;
    check(step === 0 ? said.startsWith("When") : said.startsWith(`Step ${step} of ${last}, `), `${how}: said ${said}`);
    check(said.includes("moment of harm") === (step === harm), `${how}: the harm at ${step} is told wrong`);
    const rows = Array.from(document.querySelectorAll("tr.later[data-row]")).map((row) => Number(row.dataset.row));
    check(rows.length === last - step && rows.every((row) => row > step), `${how}: what is still to come at ${step}`);
    // Of each column, where it has come to.
    for (const button of document.querySelectorAll("button.step.here")) {
      const { column } = button.parentElement.dataset;
      const later = Array.from(document.querySelectorAll(`[data-column="${column}"] > button.step`))
        .map((other) => Number(other.dataset.step))
        .filter((other) => other <= step && other > Number(button.dataset.step));
      check(later.length === 0, `${how}: column ${column} has come further than ${button.dataset.step}`);
    }
  };
  const press = (key, more = {}) => {
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  };
  const click = (id) => document.getElementById(id).click();

  const run = () => {
    shows(5, "address");
    press("Home"); shows(0, "Home");
    press("ArrowLeft"); shows(0, "left of the start");
    for (let step = 1; step <= last; step += 1) { press("ArrowRight"); shows(step, "right"); }
    press("ArrowRight"); shows(last, "right of the end");
    press("ArrowLeft"); shows(last - 1, "left");
    press("End"); shows(last, "End");
    press("!"); shows(harm, "!");
    press("ArrowRight", { altKey: true }); shows(harm, "the browser's own key");
    click("first"); shows(0, "the start button");
    click("next"); shows(1, "the next button");
    click("back"); shows(0, "the back button");
    check(document.getElementById("back").disabled, "there is nothing before the start");
    click("last"); shows(last, "the end button");
    check(document.getElementById("next").disabled, "there is nothing after the end");
    click("harm"); shows(harm, "the harm button");
    for (const button of document.querySelectorAll("button.step")) { button.click(); shows(Number(button.dataset.step), "a step"); }
    // With the focus in the table, it goes along; one step can be reached by Tab, not all.
    document.querySelector("button.step").click();
    press("ArrowRight");
    check(document.activeElement.dataset.step === "1", "the focus goes along");
    check(document.querySelectorAll('button.step[tabindex="0"]').length === 1, "one step is in the order of Tab");
    check(document.querySelectorAll("tr.harm").length === 1, "one harm is marked");
    check(getComputedStyle(document.querySelector("tr.harm button")).color !== getComputedStyle(document.body).color, "the harm is coloured");
    const details = document.querySelector(`[data-moment="${harm}"] details`) ?? document.querySelector(".moment details");
    const table = details.querySelector("table");
    document.querySelector(`[data-step="${details.parentElement.dataset.moment}"].step`).click();
    check(!table.checkVisibility(), "the operations are folded");
    details.querySelector("summary").click();
    check(table.checkVisibility(), "the operations unfold");
    check(document.querySelectorAll(".source mark").length > 0, "the source is there");
    check(document.documentElement.scrollWidth <= window.innerWidth, "nothing is wider than the window");
    location.hash = "#step=2";
    setTimeout(() => {
      shows(2, "a new address");
      document.title = failures.length === 0 ? `driven: ${checks} checks passed` : `driven: ${failures.slice(0, 3).join("; ")}`;
    }, 100);
  };
  try { run(); } catch (error) { document.title = `driven: ${error}`; }
})();
