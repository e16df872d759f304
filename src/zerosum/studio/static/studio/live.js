// A training as it goes: curves, pictures on a slider, and what the referee says.
"use strict";
(() => {
  const root = document.querySelector(".live");
  if (!root) return;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const rows = [];
  const marks = [];
  let pictures = [];
  const colours = ["#4b5bd4", "#d9730d", "#1f9d5c", "#b13aa8", "#8a8f9e", "#c2333d"];
  const most = 600;

  // Terms of one subject share a plot: `generator/adversarial` and `generator/grad` are two subjects.
  const subjects = [
    ["Accuracy of the discriminator", /accuracy/],
    ["Sizes of gradients", /gradient|grad_norm|\bgrad/],
    ["Distance to the data", /distance|coverage/],
  ];
  const hidden = /^(step|samples|seconds)$|(slope|speed|logit_gap|real_sign|spread)$/;

  function subject(name) {
    for (const [title, pattern] of subjects) if (pattern.test(name)) return title;
    return `Terms of the ${name.includes("/") ? name.split("/")[0] : "training"}`;
  }

  function thinned() {
    if (rows.length <= most) return rows;
    const step = rows.length / most;
    return Array.from({ length: most }, (_, i) => rows[Math.floor(i * step)]).concat(rows.at(-1));
  }

  function draw() {
    if (!rows.length) return;
    const groups = new Map();
    for (const name of Object.keys(rows.at(-1))) {
      if (hidden.test(name)) continue;
      const title = subject(name);
      if (!groups.has(title)) groups.set(title, []);
      groups.get(title).push(name);
    }
    const where = part("curves");
    where.querySelector(":scope > p")?.remove();
    for (const [title, names] of groups) {
      let plot = [...where.children].find((one) => one.dataset.title === title);
      if (!plot) {
        plot = document.createElement("div");
        plot.dataset.title = title;
        const head = document.createElement("h3");
        head.textContent = title;
        const canvas = document.createElement("canvas");
        canvas.setAttribute("role", "img");
        const key = document.createElement("p");
        key.className = "key";
        plot.append(head, canvas, key);
        where.append(plot);
      }
      curve(plot, names.slice(0, colours.length));
    }
  }

  function curve(plot, names) {
    const canvas = plot.querySelector("canvas");
    const scale = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const ink = canvas.getContext("2d");
    ink.scale(scale, scale);
    const shown = thinned();
    let low = Infinity, high = -Infinity;
    for (const row of shown) for (const name of names) {
      const value = row[name];
      if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
    }
    if (!(high > low)) { high = low + 1; }
    const last = shown.at(-1).step || 1;
    const x = (step) => 2 + (width - 4) * step / last;
    const y = (value) => height - 4 - (height - 8) * (value - low) / (high - low);
    const style = getComputedStyle(document.body);
    ink.strokeStyle = style.getPropertyValue("--line");
    ink.strokeRect(0.5, 0.5, width - 1, height - 1);
    ink.strokeStyle = style.getPropertyValue("--bad");
    for (const mark of marks) { ink.beginPath(); ink.moveTo(x(mark), 0); ink.lineTo(x(mark), height); ink.stroke(); }
    ink.lineWidth = 1.5;
    names.forEach((name, i) => {
      ink.strokeStyle = colours[i];
      ink.beginPath();
      let on = false;
      for (const row of shown) {
        if (!Number.isFinite(row[name])) continue;
        if (on) ink.lineTo(x(row.step), y(row[name])); else ink.moveTo(x(row.step), y(row[name]));
        on = true;
      }
      ink.stroke();
    });
    const now = shown.at(-1);
    const said = names.map((name) => `${name} ${Number(now[name]).toPrecision(3)}`);
    canvas.setAttribute("aria-label", `${plot.dataset.title}, step ${now.step}: ${said.join(", ")}`);
    const key = plot.querySelector(".key");
    key.replaceChildren(...names.map((name, i) => {
      const span = document.createElement("span");
      const line = document.createElement("i");
      line.className = `c${i}`;
      span.append(line, said[i]);
      return span;
    }));
  }

  const slider = part("slider");
  function show(index) {
    const seen = pictures[index];
    if (seen === undefined) return;
    part("picture").src = root.dataset.pictures.replace("/0.png", `/${seen}.png`);
    part("picture").alt = `Samples after ${seen} seen`;
    part("seen").textContent = seen.toLocaleString("en");
    slider.setAttribute("aria-valuetext", `after ${seen} samples seen`);
  }
  slider.addEventListener("input", () => show(Number(slider.value)));

  function look(found) {
    const newest = pictures.length === 0 || Number(slider.value) >= pictures.length - 1;
    if (found.length === pictures.length) return;
    pictures = found;
    slider.max = Math.max(0, pictures.length - 1);
    part("figure").hidden = pictures.length === 0;
    part("nothing").hidden = pictures.length > 0;
    if (newest) { slider.value = pictures.length - 1; show(pictures.length - 1); }
  }

  function hear(events) {
    const log = part("log");
    part("none")?.remove();
    for (const one of events) {
      const line = document.createElement("li");
      const mark = document.createElement("b");
      mark.textContent = `step ${one.step.toLocaleString("en")}: ${one.event} `;
      line.append(mark, [one.name, one.words].filter(Boolean).join(": "));
      log.prepend(line);
      if (["diagnosis", "remedy"].includes(one.event)) marks.push(one.step);
    }
  }

  let due = false;
  function soon() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  }

  const source = new EventSource(root.dataset.events);
  source.addEventListener("rows", (event) => { rows.push(...JSON.parse(event.data)); soon(); });
  source.addEventListener("events", (event) => { hear(JSON.parse(event.data)); soon(); });
  source.addEventListener("again", () => { rows.length = 0; marks.length = 0; part("log").replaceChildren(); });
  source.addEventListener("over", () => source.close());
  source.addEventListener("state", (event) => {
    const { state, words, percent, pictures: found } = JSON.parse(event.data);
    part("state").textContent = state;
    part("state").className = `state ${state}`;
    part("words").textContent = words;
    part("progress").value = percent;
    look(found);
  });
  addEventListener("resize", soon);
})();
