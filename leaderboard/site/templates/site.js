"use strict";
// Tables that sort, filters, and two entries side by side. Without it every page can still be read.

const every = (query, within = document) => [...within.querySelectorAll(query)];

// Sorting: groups keep their order until another column is asked for; what has no value comes last.
function sortable(table) {
  const heads = every("thead th[data-sort]", table);
  const bodies = every("tbody", table).map((body) => [body, [...body.rows]]);
  const rows = bodies.flatMap(([, members]) => members.filter((row) => row.hasAttribute("data-row")));
  const sorted = document.createElement("tbody");
  const said = document.createElement("p");
  said.className = "hidden";
  said.setAttribute("role", "status");
  table.closest(".scroll").after(said);

  const restore = () => {
    sorted.remove();
    for (const [body, members] of bodies) {
      body.append(...members);
      table.append(body);
    }
  };
  const order = (head, direction) => {
    const column = head.cellIndex;
    const sign = direction === "ascending" ? 1 : -1;
    const values = new Map(rows.map((row) => [row, row.cells[column].dataset.value ?? ""]));
    const numeric = [...values.values()].every((value) => value === "" || !Number.isNaN(Number(value)));
    const compare = (one, two) => {
      const [left, right] = [values.get(one), values.get(two)];
      if (left === "" || right === "") return (left === "") - (right === "");
      return sign * (numeric ? Number(left) - Number(right) : left.localeCompare(right, "en"));
    };
    restore();
    if (head.hasAttribute("data-first") && direction === head.dataset.sort) return;
    for (const [body] of bodies) body.remove();
    sorted.append(...[...rows].sort(compare));
    table.append(sorted);
  };
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", head.hasAttribute("data-first") ? head.dataset.sort : "none");
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const other = head.dataset.sort === "ascending" ? "descending" : "ascending";
      const next = now === head.dataset.sort ? other : head.dataset.sort;
      for (const one of heads) one.setAttribute("aria-sort", one === head ? next : "none");
      order(head, next);
      said.textContent = `Sorted by ${button.textContent.trim()}, ${next}`;
    });
  }
}

// Filters: a row is shown if every choice holds; places stay those of the whole table.
function filtered(form) {
  const rows = every("tr[data-row]");
  const count = document.querySelector("[data-count]");
  const apply = () => {
    const asked = [...new FormData(form)].filter(([, value]) => value !== "");
    const wanted = asked.map(([key, value]) => [key, value.toLowerCase().trim()]);
    for (const row of rows) {
      row.hidden = !wanted.every(([key, value]) =>
        key === "text" ? row.dataset.text.includes(value) : row.dataset[key] === value);
    }
    for (const body of every("tbody[data-group]")) {
      body.hidden = !every("tr[data-row]", body).some((row) => !row.hidden);
    }
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = asked.length
      ? `${shown} of ${rows.length} entries; places are those of the whole table` : `${rows.length} entries`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("change", apply); // some browsers tell of a choice by this one alone
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
}

// Two entries: differences over worlds with Student's interval, from numbers in the page.
const minus = (text) => text.replace("-", "−");
const fixed = (value, digits = 3) => (value === null ? "–" : minus(value.toFixed(digits)));
const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text);
const signed = (value) => (value > 0 ? "+" : "") + fixed(value);

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function difference(one, two, critical) {
  const worlds = Object.keys(one).filter((world) => world in two);
  if (!worlds.length) return null;
  const found = worlds.map((world) => one[world] - two[world]);
  const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
  const square = found.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const reach = critical[found.length];
  const half = reach === undefined ? null : reach * Math.sqrt(square / (found.length - 1) / found.length);
  return { mean, low: half === null ? null : mean - half, high: half === null ? null : mean + half };
}

function mean(worlds) {
  const values = Object.values(worlds);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

function interval(found, reach) {
  const place = (value) => `${50 + 50 * Math.max(-1, Math.min(1, value / reach))}%`;
  const svg = drawn("svg", { class: found.mean < 0 ? "dot second" : "dot", "aria-hidden": "true" });
  svg.append(drawn("line", { class: "track", x1: "0", x2: "100%", y1: "50%", y2: "50%" }));
  svg.append(drawn("line", { class: "end", x1: "50%", x2: "50%", y1: "0", y2: "100%" }));
  if (found.low !== null) {
    svg.append(drawn("line", { class: "range", x1: place(found.low), x2: place(found.high), y1: "50%", y2: "50%" }));
  }
  svg.append(drawn("circle", { class: "point", cx: place(found.mean), cy: "50%", r: "4.5" }));
  return svg;
}

function duel(root) {
  const data = JSON.parse(document.getElementById("numbers").textContent);
  const [first, second] = every("select", root);
  const [verdict, table] = [root.querySelector("[data-verdict]"), root.querySelector("table")];
  const cell = (content, kind = "td") => {
    const made = document.createElement(kind);
    made.append(content);
    if (kind === "th") made.scope = "row";
    else made.className = "num";
    return made;
  };
  const sentence = (one, two, found) => {
    if (one === two) return "Choose two entries with the same budget of target labels.";
    if (!found) return "These two share no complete world.";
    const [ahead, behind] = found.mean < 0 ? [two, one] : [one, two];
    const [leader, other] = [ahead, behind].map((entry) => cut(entry.title, 60));
    const wins = data.wins[ahead.id]?.[behind.id];
    const often = wins === undefined ? "" : ` In ${Math.round(100 * wins)} % of single trainings and worlds ${leader} has the higher score.`;
    const sides = found.mean < 0 ? [-found.high, -found.low] : [found.low, found.high];
    const ends = found.low === null ? "" : ` (${fixed(sides[0])} to ${fixed(sides[1])})`;
    const size = `by ${fixed(Math.abs(found.mean))}${ends}`;
    if (!one.ranked || !two.ranked) {
      return `${leader} scores higher than ${other} ${size}; the table judges only pairs that both have a place.`;
    }
    const apart = data.decided.some(([better, worse]) => better === ahead.id && worse === behind.id);
    return apart ? `${leader} is ahead of ${other} ${size}.${often}`
      : `${leader} leads ${size}, but is not told apart from ${other}.${often}`;
  };
  const narrow = () => {
    const { labels } = data.entries[first.selectedIndex];
    const fits = data.entries.map((entry) => entry.labels === labels);
    [...second.options].forEach((option, place) => { option.disabled = option.hidden = !fits[place]; });
    if (fits[second.selectedIndex]) return;
    const other = fits.findIndex((fit, place) => fit && place !== first.selectedIndex);
    second.selectedIndex = other < 0 ? first.selectedIndex : other;
  };
  const show = () => {
    narrow();
    const [one, two] = [first, second].map((select) => data.entries[select.selectedIndex]);
    const rows = data.rows.map((row) => [row, difference(one.worlds[row.key], two.worlds[row.key], data.critical)]);
    const known = rows.map(([, found]) => found).filter(Boolean);
    const reach = Math.max(0.05, ...known.flatMap((found) => [found.mean, found.low ?? 0, found.high ?? 0].map(Math.abs)));
    verdict.textContent = sentence(one, two, rows[0][1]);
    table.tBodies[0].replaceChildren(...rows.map(([row, found]) => {
      const line = document.createElement("tr");
      line.className = `level${row.level}`;
      line.append(cell(row.title, "th"), cell(fixed(mean(one.worlds[row.key]))), cell(fixed(mean(two.worlds[row.key]))));
      line.append(cell(found ? signed(found.mean) : "–"));
      const ends = cell(found && found.low !== null ? `${fixed(found.low)} to ${fixed(found.high)}` : "–");
      ends.className = "num nowrap";
      line.append(ends);
      const chart = document.createElement("td");
      chart.className = "chart";
      if (found) chart.append(interval(found, reach));
      line.append(chart);
      return line;
    }));
    table.tHead.rows[0].cells[1].textContent = cut(one.title, 28);
    table.tHead.rows[0].cells[2].textContent = cut(two.title, 28);
  };
  const asked = new URLSearchParams(location.hash.slice(1));
  const chosen = [["a", first, 0], ["b", second, Math.min(1, data.entries.length - 1)]];
  for (const [key, select, otherwise] of chosen) {
    const place = data.entries.findIndex((entry) => entry.id === asked.get(key));
    select.selectedIndex = place < 0 ? otherwise : place;
    select.addEventListener("change", show);
  }
  if (asked.has("a") && !asked.has("b") && first.selectedIndex === second.selectedIndex) second.selectedIndex = 0;
  root.hidden = false;
  show();
}

every("table[data-sortable]").forEach(sortable);
every("form[data-filters]").forEach(filtered);
every("[data-duel]").forEach(duel);
