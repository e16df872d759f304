// The queue by keyboard: one act after another, each with the version that is on the screen.
"use strict";
(() => {
  const list = document.querySelector("[data-tiles]");
  const form = document.getElementById("acts");
  const notices = document.getElementById("notices");
  if (!list) return;
  const tiles = () => [...list.children];
  const box = (tile) => tile.querySelector("input[type=checkbox]");
  const face = (tile) => tile.querySelector(".face");
  const chosen = () => tiles().filter((tile) => box(tile).checked);
  const current = () => document.activeElement?.closest?.(".tile");
  let anchor = null;

  function tell(text, bad) {
    const words = document.createElement("p");
    words.className = `notice ${bad ? "bad" : "good"}`;
    words.textContent = text;
    notices.replaceChildren(words);
  }

  function count() {
    const n = chosen().length;
    const where = document.querySelector("[data-chosen]");
    if (where) where.textContent = n ? `${n} chosen` : "None chosen";
  }

  function range(tile, on) {
    const all = tiles();
    const from = anchor ? all.findIndex((one) => one.dataset.key === anchor) : -1;
    const to = all.indexOf(tile);
    const [low, high] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    for (const one of all.slice(low, high + 1)) box(one).checked = on;
    count();
  }

  list.addEventListener("click", (event) => {
    const mark = event.target.closest("input[type=checkbox]");
    const tile = event.target.closest(".tile");
    if (!tile) return;
    if (mark) {
      if (event.shiftKey && anchor) range(tile, mark.checked);
      anchor = tile.dataset.key;
      count();
    } else if (event.shiftKey && form) {
      event.preventDefault();
      range(tile, true);
    }
  });

  let waiting = Promise.resolve();
  // Acts are done in turn, so that quick keys never send a version that is out of date.
  function send(address, fields, keys) {
    waiting = waiting.then(async () => {
      const body = new FormData();
      body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      for (const [name, value] of fields) body.set(name, value);
      for (const key of keys) {
        const tile = document.getElementById(`item-${key}`);
        if (tile) body.append("items", `${key}.${tile.dataset.version}`);
      }
      let answer;
      try {
        answer = await fetch(address, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      } catch {
        tell("The server does not answer. What you did last is not stored.", true);
        return;
      }
      const text = await answer.text();
      const made = new DOMParser().parseFromString(`<ul>${text}</ul>`, "text/html");
      if (!answer.ok) {
        tell(made.body.textContent.trim().slice(0, 500) || "That did not work.", true);
        return;
      }
      const held = current()?.dataset.key;
      for (const fresh of made.querySelectorAll(".tile")) {
        const old = document.getElementById(fresh.id);
        if (!old) continue;
        const checked = box(old).checked && keys.length !== 1;
        const tile = document.adoptNode(fresh);
        old.replaceWith(tile);
        box(tile).checked = checked;
      }
      if (held) face(document.getElementById(`item-${held}`))?.focus({ preventScroll: true });
      count();
      const n = made.querySelectorAll(".tile").length;
      notices.replaceChildren();
      document.dispatchEvent(new CustomEvent("studio:done", { detail: n }));
    });
  }

  function act(deed, word) {
    const many = chosen();
    const one = current();
    const which = many.length ? many : one ? [one] : [];
    if (!which.length) { tell("No item is chosen. Choose some first: click on them, or press X.", true); return; }
    const fields = [["do", deed]];
    if (word) fields.push(["word", word]);
    if (!many.length && one && /^(accepted|rejected|edit)$/.test(deed)) move(1);
    send(form.getAttribute("action"), fields, which.map((tile) => tile.dataset.key));
  }

  function move(by) {
    const all = tiles();
    const now = all.indexOf(current());
    const next = all[Math.min(Math.max(now + by, 0), all.length - 1)];
    if (next) { face(next).focus(); next.scrollIntoView({ block: "nearest" }); }
  }

  function across() {
    const all = tiles();
    const top = all[0].offsetTop;
    const second = all.findIndex((tile) => tile.offsetTop > top);
    return second < 0 ? all.length : second;
  }

  form?.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.hasAttribute("data-leave")) {
      const many = chosen();
      if (!many.length && current()) box(current()).checked = true;
      return;
    }
    event.preventDefault();
    if (button?.hasAttribute("data-undo-button")) send(form.dataset.undo, [], []);
    else if (button) act(button.value, form.elements.word.value);
  });

  form?.elements.word.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    act("tag", form.elements.word.value);
  });

  const keys = { a: "accepted", r: "rejected", e: "edit" };
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
    const key = event.key.toLowerCase();
    const steps = { arrowright: 1, arrowleft: -1, arrowdown: across(), arrowup: -across(), j: 1, k: -1 };
    if (key in steps) {
      if (event.shiftKey && form) {
        if (!anchor || !chosen().length) { anchor = current()?.dataset.key; }
        move(steps[key]);
        range(current(), true);
      } else move(steps[key]);
    } else if (!form) return;
    else if (key in keys) act(keys[key]);
    else if (/^[1-5]$/.test(key)) act(`rate-${key}`);
    else if (key === "u") send(form.dataset.undo, [], []);
    else if (key === "x" && current()) {
      const tile = current();
      if (event.shiftKey) range(tile, true);
      else { box(tile).checked = !box(tile).checked; count(); }
      anchor = tile.dataset.key;
    } else return;
    event.preventDefault();
  });

  if (!document.activeElement || document.activeElement === document.body) {
    if (tiles()[0]) face(tiles()[0]).focus({ preventScroll: true });
  }
  count();
})();
