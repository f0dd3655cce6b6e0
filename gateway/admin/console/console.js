"use strict";

const byId = (id) => document.getElementById(id);

function element(tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

const units = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]];

// A key's ending says how its number reads best.
function show(key, value) {
  if (value === null || value === "") return "–";
  if (typeof value !== "number") return String(value);
  if (key.endsWith("bytes")) {
    const unit = units.find(([, size]) => value >= size);
    return unit ? (value / unit[1]).toFixed(1) + " " + unit[0] : value + " B";
  }
  if (key.endsWith("ratio")) return (value * 100).toFixed(1) + " %";
  if (key.endsWith("_s")) return value.toLocaleString() + " s";
  return value.toLocaleString();
}

function table(value) {
  const rows = element("table");
  for (const [key, inner] of Object.entries(value)) {
    const row = element("tr");
    row.append(element("th", key.replaceAll("_", " ")));
    const cell = element("td");
    if (inner !== null && typeof inner === "object") cell.append(table(inner));
    else cell.textContent = show(key, inner);
    row.append(cell);
    rows.append(row);
  }
  return rows;
}

function components(list) {
  const rows = element("table");
  for (const c of list) {
    const row = element("tr");
    row.append(element("th", c.name), element("td", c.state.replaceAll("_", " ") + (c.why ? ": " + c.why : ""), c.state));
    rows.append(row);
  }
  return rows;
}

function section(name, value) {
  const s = element("section");
  s.append(element("h2", name), table(value !== null && typeof value === "object" ? value : { value }));
  return s;
}

async function refresh() {
  try {
    const reply = await fetch("status", { cache: "no-store", signal: AbortSignal.timeout(4000) });
    const { readiness, ...rest } = await reply.json();
    byId("state").textContent = readiness.state.replaceAll("_", " ");
    byId("state").className = "state " + readiness.state;
    byId("components").replaceChildren(components(readiness.components));
    byId("sections").replaceChildren(...Object.entries(rest).map(([name, value]) => section(name, value)));
    byId("seen").textContent = "as of " + new Date().toLocaleTimeString();
  } catch {
    byId("state").textContent = "not answering; what is below is old";
    byId("state").className = "state lost";
  }
  setTimeout(refresh, 2000);
}

refresh();
