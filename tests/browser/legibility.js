// What a reader could not read: text clipped, text over text, text beyond the page, tiny targets.
({ touch }) => {
  const faults = [];
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility !== "hidden" && Number(style.opacity) > 0.05;
  };
  const name = (element) => `${element.tagName.toLowerCase()}.${element.className}: ${element.textContent.trim().slice(0, 40)}`;
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const ignored = ".visually-hidden, .maplibregl-canvas-container, noscript, script, style, svg";
  const elements = [...document.querySelectorAll("body *")].filter((element) => !element.closest(ignored) && shown(element));
  // The rectangles of a text's own lines, as far as its scrolling ancestors show them.
  const lines = [];
  for (const element of elements.filter(own)) {
    for (const node of element.childNodes) {
      if (node.nodeType !== 3 || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) {
        let { left, top, right, bottom } = rect;
        let hidden = false;
        for (let over = element; over; over = over.parentElement) {
          const { overflowX, overflowY } = getComputedStyle(over);
          if (overflowX === "visible" && overflowY === "visible") continue;
          const box = over.getBoundingClientRect();
          // What is scrolled out is not clipped: it can be scrolled in.
          const scrolls = /auto|scroll/.test(overflowY);
          if (right > box.right + 1 || left < box.left - 1) faults.push(`clipped at the side: ${name(element)}`);
          if (!scrolls && (bottom > box.bottom + 1 || top < box.top - 1)) faults.push(`clipped: ${name(element)}`);
          top = Math.max(top, box.top);
          bottom = Math.min(bottom, box.bottom);
          hidden = hidden || bottom - top < 3;
        }
        if (hidden) continue;
        if (left < -1 || right > innerWidth + 1) faults.push(`beyond the page: ${name(element)}`);
        lines.push({ element, left, top, right, bottom });
      }
    }
  }
  // Only what can be seen can overlap: a card may lie on the panel.
  const seen = lines.filter(({ element, left, right, top, bottom }) =>
    [0.02, 0.25, 0.5, 0.75, 0.98].some((part) => {
      const hit = document.elementFromPoint(left + (right - left) * part, (top + bottom) / 2);
      return hit && (hit === element || element.contains(hit) || hit.contains(element));
    }),
  );
  for (let i = 0; i < seen.length; i += 1)
    for (let j = i + 1; j < seen.length; j += 1) {
      const [a, b] = [seen[i], seen[j]];
      if (a.element === b.element || a.element.contains(b.element) || b.element.contains(a.element)) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // The boxes of lines include their leading: glyphs meet only when they share more of it.
      if (across > 1 && down > 5) faults.push(`over each other: ${name(a.element)} | ${name(b.element)}`);
    }
  const pen = document.createElement("canvas").getContext("2d");
  for (const input of elements.filter((element) => element.tagName === "INPUT" && element.placeholder)) {
    const style = getComputedStyle(input);
    pen.font = style.font;
    const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (pen.measureText(input.placeholder).width > room + 0.5) faults.push(`placeholder clipped: ${input.placeholder}`);
  }
  for (const target of elements.filter((element) => element.matches("button, a[href], input"))) {
    const box = (target.closest("label") ?? target).getBoundingClientRect();
    if (Math.min(box.width, box.height) < (touch ? 24 : 16)) faults.push(`too small to hit (${Math.round(box.width)}×${Math.round(box.height)}): ${name(target)}`);
  }
  return [...new Set(faults)];
}
