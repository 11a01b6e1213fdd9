// What a person would call a fault of a page, found by measuring it as it is shown.
// Returns [rule, where, what] for each fault; see visual.py for what the rules are.
() => {
  const faults = [];
  const EDGE = 2; // pixels that two edges may differ by
  const styles = new Map();
  const css = (el) => styles.get(el) ?? styles.set(el, getComputedStyle(el)).get(el);
  const path = (el) => {
    const names = [];
    for (let one = el; one && one !== document.body && names.length < 3; one = one.parentElement) {
      names.unshift(one.localName + [...one.classList].map((name) => "." + name).join(""));
    }
    return names.join(" > ");
  };
  const words = (el) => el.textContent.replace(/\s+/g, " ").trim().slice(0, 50);
  const fault = (rule, el, what) => faults.push([rule, path(el), `${what}: "${words(el)}"`]);

  // Whether a person sees it at all: texts for screen readers alone are not looked at.
  const shown = (el) => {
    if (!el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) return false;
    for (let one = el; one && one !== document.body; one = one.parentElement) {
      const { clipPath, overflowX } = css(one);
      if (clipPath.startsWith("inset(50%")) return false;
      if (overflowX !== "visible" && one.clientWidth <= 1) return false;
    }
    return true;
  };
  // Where the parts of a box lie that are not scrolled or cut away.
  const visible = (el, rect) => {
    let { left, top, right, bottom } = rect;
    for (let one = el; one && one !== document.body; one = one.parentElement) {
      if (css(one).overflowX === "visible" && css(one).overflowY === "visible") continue;
      const outer = one.getBoundingClientRect();
      [left, top] = [Math.max(left, outer.left), Math.max(top, outer.top)];
      [right, bottom] = [Math.min(right, outer.right), Math.min(bottom, outer.bottom)];
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null;
  };
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { currentNode: node } = walk;
    const parent = node.parentElement;
    if (node.data.trim() && !parent.closest("script,style,option,svg") && shown(parent)) texts.push(node);
  }
  const range = document.createRange();
  const lines = (node, from = 0, to = node.data.length) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    return [...range.getClientRects()].filter((rect) => rect.width > 1);
  };

  // columns, width: tables that are laid out as tables.
  const columnsOf = (rows) => {
    // Which cell is at each place, counted with the columns and rows that cells span.
    const places = rows.map(() => []);
    rows.forEach((row, y) => {
      let x = 0;
      for (const cell of row.cells) {
        while (places[y][x]) x += 1;
        for (let down = 0; down < cell.rowSpan && y + down < places.length; down += 1) {
          for (let across = 0; across < cell.colSpan; across += 1) places[y + down][x + across] = cell;
        }
        x += cell.colSpan;
      }
    });
    return places;
  };
  const side = (cell) => ({ start: "left", end: "right", "-webkit-match-parent": "left" })[css(cell).textAlign] ?? css(cell).textAlign;
  for (const table of document.querySelectorAll("table")) {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter(shown);
    if (!shown(table) || !rows.length || css(rows[0].cells[0]).display !== "table-cell") continue;
    if (css(table).display !== "table") fault("columns", table, `has cells, and is display: ${css(table).display}`);
    if (table.tHead && shown(table.tHead)) {
      const heads = columnsOf([...table.tHead.rows]).at(-1) ?? [];
      const wrong = new Set();
      for (const place of columnsOf(rows)) {
        place.forEach((cell, x) => {
          if (!heads[x] || cell === place[x - 1] || wrong.has(x)) return;
          const [head, last] = [heads[x].getBoundingClientRect(), (heads[x + cell.colSpan - 1] ?? heads[x]).getBoundingClientRect()];
          const box = cell.getBoundingClientRect();
          if (Math.abs(box.left - head.left) > EDGE || Math.abs(box.right - last.right) > EDGE) {
            wrong.add(x);
            fault("columns", heads[x], `stands at ${Math.round(head.left)} to ${Math.round(last.right)}, its cells at ${Math.round(box.left)} to ${Math.round(box.right)}`);
          } else if (cell.colSpan === 1 && heads[x].colSpan === 1 && words(heads[x]) && words(cell) && side(heads[x]) !== side(cell)) {
            wrong.add(x);
            fault("columns", heads[x], `is aligned ${side(heads[x])}, its cells ${side(cell)}`);
          }
        });
      }
    }
    const room = table.parentElement;
    const inner = room.clientWidth - parseFloat(css(room).paddingLeft) - parseFloat(css(room).paddingRight);
    const edges = rows.flatMap((row) => [...row.cells]).map((cell) => cell.getBoundingClientRect());
    const wide = Math.max(...edges.map((edge) => edge.right)) - Math.min(...edges.map((edge) => edge.left));
    if (wide < inner * 0.96) fault("width", table, `is ${Math.round(wide)} wide where there are ${Math.round(inner)}`);
  }

  // cut: text that goes on where nobody sees it, and nothing tells the rest.
  const said = (el) => {
    if (el.querySelector("[title],[aria-label]")) return true;
    for (let one = el, up = 0; one && up < 3; one = one.parentElement, up += 1) if (one.title || one.ariaLabel) return true;
    return false;
  };
  for (const el of document.body.querySelectorAll("*")) {
    const { overflowX, overflowY } = css(el);
    if (!/hidden|clip/.test(overflowX + overflowY) || el.matches("input,select,textarea,svg") || el.clientWidth < 8 || !shown(el)) continue;
    const box = el.getBoundingClientRect();
    const past = (rect) => rect.right > box.right + EDGE || rect.bottom > box.bottom + 3;
    if (texts.some((node) => el.contains(node) && lines(node).some(past)) && !said(el)) fault("cut", el, "is cut off, and has no title");
  }

  // word: one that is broken in its middle. Ids, numbers, code and what no language has for a word may be.
  const mono = (el) => /mono|menlo|consolas/i.test(css(el).fontFamily);
  for (const node of texts) {
    if (mono(node.parentElement)) continue;
    for (const match of node.data.matchAll(/[\p{Script=Latin}\d_]{3,}/gu)) {
      if (/^[\da-f]{12,}$|^\d+$|^.{33,}$/i.test(match[0])) continue;
      const parts = lines(node, match.index, match.index + match[0].length).filter((rect) => visible(node.parentElement, rect));
      if (parts.length > 1 && parts.at(-1).top - parts[0].top > 3) {
        fault("word", node.parentElement, `breaks in the middle of ${match[0].slice(0, 40)}`);
        break;
      }
    }
  }

  // overlap: texts and controls that lie on each other. What floats over the page may.
  const floats = (el) => {
    for (let one = el; one; one = one.parentElement) if (/fixed|sticky/.test(css(one).position)) return true;
    return false;
  };
  const boxes = [];
  const keep = (el, rect) => {
    const part = visible(el, rect);
    if (part) boxes.push({ el, ...part });
  };
  for (const node of texts) if (!floats(node.parentElement)) for (const rect of lines(node)) keep(node.parentElement, rect);
  for (const el of document.querySelectorAll("main :is(button,input:not([type=hidden]),select,textarea)")) if (shown(el) && !floats(el)) keep(el, el.getBoundingClientRect());
  boxes.sort((a, b) => a.top - b.top);
  boxes.forEach((a, index) => {
    for (const b of boxes.slice(index + 1)) {
      if (b.top > a.bottom - 4) break;
      const related = a.el === b.el || a.el.contains(b.el) || b.el.contains(a.el);
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (!related && across > 3 && down > 4) fault("overlap", a.el, `lies on ${path(b.el)} "${words(b.el)}"`);
    }
  });

  // small: what is pressed is 24 pixels wide and high, its label with it.
  for (const el of document.querySelectorAll("button,input:not([type=hidden]),select,textarea,summary")) {
    if (!shown(el)) continue;
    const around = [el, ...(/checkbox|radio/.test(el.type) ? el.labels : [])].map((one) => one.getBoundingClientRect());
    const wide = Math.max(...around.map((box) => box.width));
    const high = Math.max(...around.map((box) => box.height));
    if (wide < 23.5 || high < 23.5) fault("small", el, `is ${Math.round(wide)} × ${Math.round(high)}`);
  }

  // sideways: the page is wider than its window.
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const out = [...document.body.querySelectorAll("*")].filter((el) => shown(el) && el.getBoundingClientRect().right + scrollX > clientWidth + 1);
    fault("sideways", out.at(-1) ?? document.body, `makes the page ${scrollWidth} wide on ${clientWidth}`);
  }
  return faults;
}
