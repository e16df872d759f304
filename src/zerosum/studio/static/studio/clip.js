// Clips move, and a button stops them; where less motion is wanted, they stand still until asked.
"use strict";
for (const image of document.querySelectorAll("img[data-moving]")) {
  const still = image.src;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  const show = (moving) => {
    image.src = moving ? image.dataset.moving : still;
    button.textContent = moving ? "Pause" : "Play";
  };
  button.addEventListener("click", () => show(button.textContent === "Play"));
  image.after(button);
  show(!matchMedia("(prefers-reduced-motion: reduce)").matches);
}
