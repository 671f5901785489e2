// What a reader could not read: text clipped, hidden in part, over other text, beyond the page.
({ touch }) => {
  const faults = [];
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility !== "hidden" && Number(style.opacity) > 0.05;
  };
  const name = (element) => `${element.tagName.toLowerCase()}.${element.className}: ${(element.textContent.trim() || element.getAttribute("aria-label") || element.name || "").slice(0, 40)}`;
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const ignored = ".visually-hidden, .maplibregl-canvas-container, noscript, script, style, svg";
  const elements = [...document.querySelectorAll("body *")].filter((element) => !element.closest(ignored) && shown(element));
  const related = (element, other) => other && (element.contains(other) || other.contains(element));
  // The rectangles of a text's own lines, as far as its scrolling ancestors show them.
  const lines = [];
  for (const element of elements.filter(own)) {
    for (const node of element.childNodes) {
      if (node.nodeType !== 3 || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) {
        let { left, top, right, bottom } = rect;
        if (right - left < 1) continue;
        // The box of a line includes its leading; the glyphs stand in its middle.
        const leading = (bottom - top) * 0.2;
        top += leading;
        bottom -= leading;
        const ink = bottom - top;
        for (let over = element; over && bottom > top; over = over.parentElement) {
          const style = getComputedStyle(over);
          if (style.overflowX === "visible" && style.overflowY === "visible") continue;
          const box = over.getBoundingClientRect();
          const told = style.textOverflow === "ellipsis" && over.title;
          if (!told && (right > box.right + 1 || left < box.left - 1)) faults.push(`clipped at the side: ${name(element)}`);
          // What is scrolled out is not clipped: it can be scrolled in.
          if (!/auto|scroll/.test(style.overflowY) && (bottom > box.bottom + 1 || top < box.top - 1)) faults.push(`clipped: ${name(element)}`);
          [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
          [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
        }
        if (bottom - top < ink / 2) continue;
        if (left < -1 || right > innerWidth + 1) faults.push(`beyond the page: ${name(element)}`);
        if (element.closest("main, header") && (top < -1 || bottom > innerHeight + 1)) faults.push(`beyond the page: ${name(element)}`);
        lines.push({ element, left, top, right, bottom });
      }
    }
  }
  // A card may lie on the panel and hide it whole; a line that shows in part is a fault.
  const seen = lines.filter(({ element, left, right, top, bottom }) => {
    const [first, last] = [top + 1, bottom - 1];
    const points = [0.02, 0.25, 0.5, 0.75, 0.98].flatMap((part) => [first, last].map((y) => [left + (right - left) * part, y]));
    const hits = points.map(([x, y]) => document.elementFromPoint(x, y)).filter((hit) => hit !== null);
    const mine = hits.filter((hit) => related(element, hit)).length;
    if (mine && mine < hits.length) faults.push(`hidden in part: ${name(element)} | by ${name(hits.find((hit) => !related(element, hit)))}`);
    return mine > 0;
  });
  for (let i = 0; i < seen.length; i += 1)
    for (let j = i + 1; j < seen.length; j += 1) {
      const [a, b] = [seen[i], seen[j]];
      if (a.element === b.element) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 1) faults.push(`over each other: ${name(a.element)} | ${name(b.element)}`);
    }
  // Laid out as a value, a placeholder tells whether it fits beside all that stands in its box.
  for (const input of elements.filter((element) => element.tagName === "INPUT" && element.placeholder)) {
    const probe = input.cloneNode();
    probe.value = input.placeholder;
    input.after(probe);
    if (probe.scrollWidth > probe.clientWidth) faults.push(`placeholder clipped: ${input.placeholder}`);
    probe.remove();
  }
  for (const target of elements.filter((element) => element.matches("button, a[href], input, summary, select"))) {
    const box = (target.closest("label") ?? target).getBoundingClientRect();
    if (box.height < (touch ? 40 : 24)) faults.push(`too small to hit (${Math.round(box.width)}×${Math.round(box.height)}): ${name(target)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`beyond the page: it scrolls sideways`);
  return [...new Set(faults)];
}
