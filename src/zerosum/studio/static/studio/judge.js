// One key for each answer: the button that has it in `aria-keyshortcuts` is pressed.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const button = document.querySelector(`[data-judge] [aria-keyshortcuts="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button || event.repeat) return;
  event.preventDefault();
  button.click();
});
