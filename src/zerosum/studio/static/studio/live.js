// Trainings as they go: curves, samples on a slider beside the figures of that moment, and what the
// referee says. Of two on one page, the curves have one scale and the sliders move together.
"use strict";
(() => {
  const roots = [...document.querySelectorAll(".live")];
  const colours = ["#4b5bd4", "#d9730d", "#1f9d5c", "#b13aa8", "#8a8f9e", "#c2333d"];
  const most = 600;
  const extent = { last: 1 };
  const redraws = [];

  // Terms of one player share a plot: `generator/adversarial` and `generator/grad` are two.
  const subjects = [
    ["Accuracy of the discriminator", /accuracy|real_sign/],
    ["Sizes of gradients", /gradient|grad_norm|slope$/],
    ["Distance to the data", /^distance$/],
  ];
  const hidden = /^(step|samples|seconds)$|(speed|logit_gap|spread)$/;
  const marked = { diagnosis: "--bad", remedy: "--good", provoked: "--focus" };

  function subject(name) {
    for (const [title, pattern] of subjects) if (pattern.test(name)) return title;
    return `Terms of the ${name.includes("/") ? name.split("/")[0] : "training"}`;
  }

  const short = (value) => Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–";

  function latest(list, samples) {
    let low = 0, high = list.length - 1, found;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (list[middle].samples <= samples) { found = list[middle]; low = middle + 1; } else high = middle - 1;
    }
    return found;
  }

  function thinned(rows) {
    if (rows.length <= most) return rows;
    const step = rows.length / most;
    return Array.from({ length: most }, (_, i) => rows[Math.floor(i * step)]).concat(rows.at(-1));
  }

  for (const root of roots) live(root);

  function live(root) {
    const part = (name) => root.querySelector(`[data-${name}]`);
    let rows = [], looks = [], marks = [], pictures = [], frames = [], moments = [], plane = null;
    let following = true, mends = null, known = root.querySelector("[data-state]").textContent;
    const slider = part("slider");
    const moment = () => moments[Number(slider.value)];

    function draw() {
      if (!rows.length) return;
      extent.last = Math.max(extent.last, rows.at(-1).samples);
      const groups = new Map();
      for (const name of Object.keys(rows.at(-1))) {
        if (hidden.test(name)) continue;
        const title = subject(name);
        if (!groups.has(title)) groups.set(title, []);
        groups.get(title).push(name);
      }
      const where = part("curves");
      where.querySelector(":scope > p")?.remove();
      for (const [title, names] of groups) curve(plot(where, title), names.slice(0, colours.length), rows);
      if (looks.length) curve(plot(where, "Distance to the data"), ["distance"], looks);
      part("marks").hidden = false;
    }

    function plot(where, title) {
      const known = [...where.children].find((one) => one.dataset.title === title);
      if (known) return known;
      const made = document.createElement("div");
      made.dataset.title = title;
      const head = document.createElement("h3");
      head.textContent = title;
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      const key = document.createElement("p");
      key.className = "key";
      made.append(head, canvas, key);
      where.append(made);
      return made;
    }

    function curve(where, names, all) {
      const canvas = where.querySelector("canvas");
      const scale = window.devicePixelRatio || 1;
      const width = canvas.clientWidth, height = canvas.clientHeight;
      if (!width) return;
      canvas.width = width * scale;
      canvas.height = height * scale;
      const ink = canvas.getContext("2d");
      ink.scale(scale, scale);
      const shown = thinned(all);
      let low = Infinity, high = -Infinity;
      for (const row of shown) for (const name of names) {
        const value = row[name];
        if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
      }
      if (!(high > low)) { high = low + 1; }
      const x = (samples) => 2 + (width - 4) * samples / extent.last;
      const y = (value) => height - 4 - (height - 8) * (value - low) / (high - low);
      const style = getComputedStyle(document.body);
      const line = (at, colour, dash) => {
        ink.strokeStyle = style.getPropertyValue(colour);
        ink.setLineDash(dash);
        ink.beginPath(); ink.moveTo(x(at), 0); ink.lineTo(x(at), height); ink.stroke();
        ink.setLineDash([]);
      };
      ink.strokeStyle = style.getPropertyValue("--line");
      ink.strokeRect(0.5, 0.5, width - 1, height - 1);
      const perStep = rows.at(-1).samples / (rows.at(-1).step || 1);
      for (const mark of marks) line(mark.step * perStep, marked[mark.event], mark.event === "diagnosis" ? [] : [4, 3]);
      if (moment() !== undefined) line(moment(), "--main", [1, 3]);
      ink.lineWidth = 1.5;
      names.forEach((name, i) => {
        ink.strokeStyle = colours[i];
        ink.beginPath();
        const known = shown.filter((row) => Number.isFinite(row[name]));
        for (const row of known) ink.lineTo(x(row.samples), y(row[name]));
        ink.stroke();
        if (known.length === 1) {  // a line of one point is none
          ink.fillStyle = colours[i];
          ink.fillRect(x(known[0].samples) - 3, y(known[0][name]) - 3, 6, 6);
        }
      });
      const now = shown.at(-1);
      const said = names.map((name) => `${name} ${short(now[name])}`);
      canvas.setAttribute("aria-label", `${where.dataset.title}, step ${now.step}: ${said.join(", ")}`);
      where.querySelector(".key").replaceChildren(...names.map((name, i) => {
        const span = document.createElement("span");
        const swatch = document.createElement("i");
        swatch.className = `c${i}`;
        span.append(swatch, said[i]);
        return span;
      }));
    }

    // What the slider points at: the picture, the plane, and the figures of that moment.
    function show(told) {
      const at = moment();
      if (at === undefined) return;
      const seen = pictures.findLast((one) => one <= at) ?? pictures[0];
      if (seen !== undefined) {
        const source = root.dataset.pictures.replace("/0.png", `/${seen}.png`);
        if (!part("picture").src.endsWith(source)) part("picture").src = source;
        part("picture").alt = `Samples of ${root.dataset.name} after ${seen} seen`;
      }
      if (plane) plane(latest(frames, at) || frames[0]);
      part("seen").textContent = at.toLocaleString("en");
      slider.setAttribute("aria-valuetext", `after ${at} samples seen`);
      const row = latest(rows, at), look = latest(looks, at);
      const figures = row ? Object.entries(row).filter(([name]) => !hidden.test(name)) : [];
      if (look) figures.push(["distance to the data", look.distance], ["coverage", look.coverage]);
      part("figures").replaceChildren(...figures.flatMap(([name, value]) => {
        const term = document.createElement("dt"), what = document.createElement("dd");
        term.textContent = name;
        what.textContent = short(value);
        return [term, what];
      }));
      if (!told && roots.length > 1) document.dispatchEvent(new CustomEvent("studio:moment", { detail: { root, at } }));
    }

    slider.addEventListener("input", () => {
      following = Number(slider.value) >= moments.length - 1;
      show();
      soon();
    });
    document.addEventListener("studio:moment", (event) => {
      if (event.detail.root === root || !moments.length) return;
      const near = moments.findLastIndex((one) => one <= event.detail.at);
      following = false;
      slider.value = Math.max(0, near);
      show(true);
      soon();
    });

    function gather() {
      moments = [...new Set([...pictures, ...frames.map((one) => one.samples)])].sort((a, b) => a - b);
      slider.max = Math.max(0, moments.length - 1);
      part("moment").hidden = moments.length === 0;
      part("figure").hidden = pictures.length === 0 || plane !== null;
      part("nothing").hidden = moments.length > 0;
      if (following) slider.value = slider.max;
      show(true);
    }

    function hear(events) {
      const log = part("log");
      for (const one of events) {
        if (one.event === "measured") {
          if (Number.isFinite(one.distance)) looks.push(one);
          continue;
        }
        part("none")?.remove();
        const line = document.createElement("li");
        const mark = document.createElement("b");
        mark.className = one.event;
        mark.textContent = `step ${one.step.toLocaleString("en")}: ${one.event} `;
        line.append(mark, [one.name, one.words].filter(Boolean).join(": "));
        log.prepend(line);
        if (one.event in marked) marks.push(one);
      }
      offer();
    }

    // The remedies that the newest diagnosis asks for come first, the others after it.
    function offer() {
      const where = part("remedies");
      if (!where || !mends?.remedies) return;
      const newest = marks.findLast((one) => one.event !== "provoked");
      const found = newest?.event === "diagnosis" ? newest.name : "";
      const asked = mends.by_diagnosis?.[found] || [];
      part("found").hidden = !found;
      part("found").textContent = asked.length
        ? `${found}: the referee would try ${asked.slice(0, 3).join(", then ")}. Each goes back to a healthy state first.`
        : `${found}: the referee has no remedy for that.`;
      const back = where.querySelector("[value=take-back]");
      const order = [...asked, ...Object.keys(mends.remedies).filter((one) => !asked.includes(one))];
      const names = order.join();
      if (where.dataset.names === names) return;
      where.dataset.names = names;
      for (const old of where.querySelectorAll("button")) if (old !== back) old.remove();
      for (const name of order) {
        const button = document.createElement("button");
        button.name = "remedy";
        button.value = button.textContent = name;
        button.title = mends.remedies[name];
        button.className = asked[0] === name ? "small main" : "small";
        where.append(button);
      }
    }

    function provoke(faults) {
      const where = document.querySelector("[data-faults]");
      if (!where || roots.length > 1 || where.children.length === Object.keys(faults).length) return;
      where.replaceChildren(...Object.entries(faults).map(([name, words]) => {
        const button = document.createElement("button");
        button.name = "fault";
        button.value = name;
        button.textContent = words[0].toUpperCase() + words.slice(1);
        return button;
      }));
    }

    let due = false;
    function soon() {
      if (due) return;
      due = true;
      requestAnimationFrame(() => { due = false; for (const one of redraws) one(); });
    }
    redraws.push(draw);

    const source = new EventSource(root.dataset.events);
    source.addEventListener("rows", (event) => { rows.push(...JSON.parse(event.data)); soon(); });
    source.addEventListener("events", (event) => { hear(JSON.parse(event.data)); soon(); });
    source.addEventListener("field", (event) => {
      for (const one of JSON.parse(event.data)) {
        if (one.frame) {
          part("plane").hidden = false;
          plane = window.studioPlane(part("field"), one);
        } else {
          while (frames.length && frames.at(-1).samples >= one.samples) frames.pop();
          frames.push(one);
        }
      }
      gather();
      soon();
    });
    source.addEventListener("again", () => {
      rows = []; looks = []; marks = []; frames = [];
      part("log").replaceChildren();
    });
    source.addEventListener("over", () => source.close());
    source.addEventListener("state", (event) => {
      const { state, words, percent, pictures: found, ways, gone } = JSON.parse(event.data);
      part("gone").hidden = !gone;
      part("gone").textContent = gone;
      part("state").textContent = state;
      part("state").className = `state ${state}`;
      part("words").textContent = words;
      if (roots.length === 1 && state !== known) {
        for (const one of document.querySelectorAll("[data-when]")) one.hidden = !one.dataset.when.split(" ").includes(state);
        known = state;
      }
      part("progress").value = percent;
      if (found.length !== pictures.length) { pictures = found; gather(); }
      mends = ways.mends;
      offer();
      provoke(ways.faults);
      soon();
    });
    addEventListener("resize", () => { soon(); show(true); });
  }
})();
