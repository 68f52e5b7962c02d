// The page is complete without this script, which adds search, filters and keys. It only reads and sets text, never HTML.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const the = (id) => document.getElementById(id);
  const query = the("query");
  root.classList.add("js");

  const stacks = all(".stack").map((element) => ({
    element,
    environment: element.dataset.environment,
    resources: all(".resource", element).map((resource) => ({ element: resource, ...resource.dataset })),
  }));
  const risks = all(".risk").map((element) => ({
    element,
    severity: element.dataset.severity,
    environments: JSON.parse(element.dataset.environments),
  }));
  const total = stacks.reduce((sum, stack) => sum + stack.resources.length, 0);

  // ── search and filters ───────────────────────────────────────────────────────────────────────────────────────────
  const MOST_OPENED = 200;
  const MOST_MARKED = 2000;
  const textOf = (item) => (item.text ??= item.element.textContent.toLowerCase());
  const headOf = (stack) =>
    (stack.head ??= all(":scope > summary, .block, .why, .plan", stack.element).map((e) => e.textContent).join("\n").toLowerCase());
  let openBefore = null;

  function chosen(name) {
    const values = all(`input[name="${name}"]:checked`).map((input) => input.value);
    return values.length ? new Set(values) : null;
  }

  function apply() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = chosen("severity");
    const environments = chosen("environment");
    const kinds = chosen("kind");
    const active = words.length > 0 || Boolean(severities || environments || kinds);
    const has = (text) => words.every((word) => text.includes(word));
    let shown = 0;
    let shownRisks = 0;
    const visible = [];
    for (const risk of risks) {
      const show = (!severities || severities.has(risk.severity))
        && (!environments || risk.environments.some((name) => environments.has(name)))
        && has(textOf(risk));
      risk.element.hidden = !show;
      if (show) { shownRisks += 1; visible.push(risk.element); }
    }
    for (const stack of stacks) {
      const here = !environments || environments.has(stack.environment);
      const named = words.length > 0 && !severities && !kinds && here && has(headOf(stack));
      const name = stack.element.querySelector("h3").textContent.toLowerCase();
      let some = false;
      for (const resource of stack.resources) {
        const show = here && (!severities || severities.has(resource.severity)) && (!kinds || kinds.has(resource.kind))
          && words.every((word) => textOf(resource).includes(word) || name.includes(word));
        resource.element.hidden = !show;
        if (show) { some = true; shown += 1; visible.push(resource.element); }
      }
      stack.matches = some || named;
      stack.element.hidden = active && !stack.matches && !(here && !words.length && !severities && !kinds);
      if (named) visible.push(stack.element);
    }
    reveal(active, shown);
    mark(words, visible);
    the("main").classList.toggle("searching", active);
    if (the("risk-section")) the("risk-section").hidden = shownRisks === 0;
    the("clear").hidden = !active;
    the("nothing").hidden = !active || shown > 0 || stacks.some((stack) => !stack.element.hidden);
    the("result").textContent = active
      ? `${shown} of ${total} changes, ${shownRisks} of ${risks.length} risks`
      : "";
  }

  // What matches is opened while there is a search, and closed again after it, as it was before.
  function reveal(active, shown) {
    const details = () => all(".stack, .resource");
    if (active && !openBefore) openBefore = new Map(details().map((element) => [element, element.open]));
    if (active && shown <= MOST_OPENED) {
      for (const stack of stacks) {
        if (!stack.matches) continue;
        stack.element.open = true;
        for (const resource of stack.resources) if (!resource.element.hidden) resource.element.open = true;
      }
    }
    if (!active && openBefore) {
      for (const [element, open] of openBefore) element.open = open;
      openBefore = null;
    }
  }

  function mark(words, elements) {
    if (!window.CSS?.highlights) return;
    CSS.highlights.delete("match");
    if (!words.length) return;
    const ranges = [];
    for (const element of elements) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node && ranges.length < MOST_MARKED; node = walker.nextNode()) {
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue;
        for (const word of words) {
          for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            ranges.push(range);
          }
        }
      }
      if (ranges.length >= MOST_MARKED) break;
    }
    CSS.highlights.set("match", new Highlight(...ranges));
  }

  let timer = 0;
  query.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, 90); });
  all(".filters input").forEach((input) => input.addEventListener("change", apply));

  function clear() {
    query.value = "";
    all(".filters input").forEach((input) => { input.checked = false; });
    clearTimeout(timer);
    apply();
    query.focus();
  }
  the("clear").addEventListener("click", clear);
  all(".clear").forEach((button) => button.addEventListener("click", clear));

  // ── open and close ───────────────────────────────────────────────────────────────────────────────────────────────
  const setAll = (open) => all(".stack, .resource").forEach((element) => { if (!element.hidden) element.open = open; });
  the("expand").addEventListener("click", () => { setAll(true); say("Everything is expanded"); });
  the("collapse").addEventListener("click", () => { setAll(false); say("Everything is collapsed"); });

  function openTarget() {
    const target = location.hash.length > 1 && the(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
    }
    target.scrollIntoView({ block: "start" });
    target.querySelector("summary")?.focus({ preventScroll: true });
  }
  window.addEventListener("hashchange", openTarget);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) openTarget();
  });

  // ── copy ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const done = await copy(button.dataset.copy);
    const words = button.dataset.words ??= button.textContent;
    button.textContent = done ? "Copied" : "Not copied";
    say(done ? `Copied ${button.dataset.copy}` : "The browser did not allow copying");
    setTimeout(() => { button.textContent = words; }, 1500);
  });

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "out";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  // ── theme ────────────────────────────────────────────────────────────────────────────────────────────────────────
  const THEMES = ["auto", "light", "dark"];
  const KEY = "groundwork-review-theme";
  function setTheme(name) {
    if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
    the("theme").textContent = `Theme: ${name}`;
  }
  function nextTheme() {
    const name = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
    setTheme(name);
    say(`Theme: ${name}`);
    try { localStorage.setItem(KEY, name); } catch { /* the browser forbids storage: the choice lasts as long as the page */ }
  }
  the("theme").addEventListener("click", nextTheme);
  try {
    const stored = localStorage.getItem(KEY);
    if (THEMES.includes(stored)) setTheme(stored);
  } catch { /* as above */ }

  // ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  const help = the("help");
  the("keys").addEventListener("click", () => help.showModal());

  function move(by) {
    const stops = all("[data-stop]").filter((element) => element.checkVisibility());
    const at = stops.indexOf(document.activeElement);
    const next = at >= 0 ? stops[at + by] : stops.find((element) => element.getBoundingClientRect().top > 0);
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  const KEYS = {
    "/": () => { query.focus(); query.select(); },
    "?": () => help.showModal(),
    j: () => move(1),
    k: () => move(-1),
    e: () => the("expand").click(),
    c: () => the("collapse").click(),
    t: nextTheme,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target === query) {
      if (event.key === "Escape") { event.preventDefault(); if (query.value) clear(); else query.blur(); }
      return;
    }
    if (Object.hasOwn(KEYS, event.key)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  // ── paper ────────────────────────────────────────────────────────────────────────────────────────────────────────
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all(".stack:not([open]), .resource:not([open])");
    closed.forEach((element) => { element.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((element) => { element.open = false; }));

  function say(text) { the("announcement").textContent = text; }
  openTarget();
})();
