// A duel in the plane: the discriminator's field, and the generator's points, which move.
"use strict";
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const REAL = [217, 115, 13], FAKE = [75, 91, 212];

  function bytes(text) {
    const whole = atob(text);
    return Uint8Array.from(whole, (one) => one.charCodeAt(0));
  }

  // Far from one half is full colour; one half, where the discriminator cannot tell, is the ground.
  function image(field, side, ground) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const ink = canvas.getContext("2d");
    const pixels = ink.createImageData(side, side);
    field.forEach((value, i) => {
      const p = value / 255, full = p > 0.5 ? REAL : FAKE, share = Math.abs(p - 0.5) * 1.5;
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = ground[c] + (full[c] - ground[c]) * share;
      pixels.data[4 * i + 3] = 255;
    });
    ink.putImageData(pixels, 0, 0);
    return canvas;
  }

  window.studioPlane = (canvas, first) => {
    const [low, high] = first.frame;
    let from = null, to = null, begun = 0, backdrop = null;

    function draw(time) {
      const width = canvas.clientWidth;
      if (!to || !width) return;
      const scale = window.devicePixelRatio || 1;
      canvas.width = canvas.height = width * scale;
      const ink = canvas.getContext("2d");
      ink.scale(scale, scale);
      ink.imageSmoothingEnabled = true;
      if (backdrop) ink.drawImage(backdrop, 0, 0, width, width);
      const x = (v) => width * (v - low[0]) / (high[0] - low[0]);
      const y = (v) => width * (high[1] - v) / (high[1] - low[1]);
      const style = getComputedStyle(document.body);
      ink.fillStyle = style.getPropertyValue("--soft");
      ink.globalAlpha = 0.45;
      for (const one of first.real) ink.fillRect(x(one[0]) - 1, y(one[1]) - 1, 2, 2);
      ink.globalAlpha = 1;
      ink.fillStyle = style.getPropertyValue("--ink");
      const share = still.matches || !from ? 1 : Math.min(1, (time - begun) / 350);
      to.points.forEach((one, i) => {
        const was = from?.points[i] || one;
        ink.beginPath();
        ink.arc(x(was[0] + (one[0] - was[0]) * share), y(was[1] + (one[1] - was[1]) * share), 2.2, 0, 7);
        ink.fill();
      });
      if (share < 1) requestAnimationFrame(draw);
    }

    return (frame) => {
      if (frame === to) { requestAnimationFrame(draw); return; }
      from = to;
      to = frame;
      begun = performance.now();
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      backdrop = image(bytes(frame.field), first.side, dark ? [29, 32, 41] : [255, 255, 255]);
      const ours = frame.points.length;
      canvas.setAttribute("aria-label", `${ours} generated points over what the discriminator says, step ${frame.step}`);
      requestAnimationFrame(draw);
    };
  };
})();
