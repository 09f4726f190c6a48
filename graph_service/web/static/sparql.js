// The SPARQL editor: completion of names from the model, and the answer as a table or a chart on the page.
// Without this script the form sends the query and the browser shows the answer as it comes.
const form = document.querySelector("[data-sparql]");
const area = document.getElementById("query");
const result = document.querySelector("[data-result]");
let words = null;

async function vocabulary() {
  if (!words) {
    const answer = await fetch("/sparql/ord.json");
    const body = await answer.json();
    words = [
      ...body.terms.map((t) => ({ name: t.name, note: `${t.label} · ${t.type}` })),
      ...Object.keys(body.prefixes).map((p) => ({ name: `${p}:`, note: body.prefixes[p] })),
      ..."SELECT DISTINCT WHERE OPTIONAL UNION FILTER VALUES BIND CONSTRUCT DESCRIBE ASK ORDER BY GROUP BY LIMIT OFFSET COUNT CONTAINS LCASE LANG STR NOT EXISTS".split(" ").map((k) => ({ name: k, note: "SPARQL" })),
    ];
  }
  return words;
}

const list = document.createElement("ul");
list.className = "suggestions";
list.id = "query-forslag";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Forslag fra modellen");
list.hidden = true;
area.after(list);
area.setAttribute("aria-autocomplete", "list");
area.setAttribute("aria-controls", list.id);
area.setAttribute("aria-describedby", "taster");
let at = -1;

const current = () => area.value.slice(0, area.selectionStart).match(/[A-Za-z][\w-]*:?[\w-]*$/)?.[0] ?? "";
const close = () => { list.hidden = true; at = -1; area.removeAttribute("aria-activedescendant"); };
function insert(option) {
  const word = current();
  const end = area.selectionStart;
  area.setRangeText(option.dataset.name, end - word.length, end, "end");
  close();
  area.focus();
}
function mark(next) {
  const options = [...list.children];
  at = (next + options.length) % options.length;
  options.forEach((o, n) => o.setAttribute("aria-selected", String(n === at)));
  options[at].scrollIntoView({ block: "nearest" });
  area.setAttribute("aria-activedescendant", options[at].id);
}
async function suggest(force) {
  const word = current().toLowerCase();
  if (word.length < (force ? 1 : 3)) { close(); return; }
  const all = await vocabulary();
  const local = word.includes(":") ? word.split(":")[1] : word;
  const found = all.filter((w) => w.name.toLowerCase().startsWith(word)).concat(
    all.filter((w) => !w.name.toLowerCase().startsWith(word) && local.length > 2 && (w.name.toLowerCase().includes(local) || w.note.toLowerCase().includes(local)))
  ).filter((w) => w.name.toLowerCase() !== word).slice(0, 8);
  list.replaceChildren(...found.map((w, n) => {
    const option = document.createElement("li");
    option.id = `query-forslag-${n}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.name = w.name;
    option.textContent = w.name;
    const small = document.createElement("small");
    small.textContent = w.note;
    option.append(small);
    return option;
  }));
  at = -1;
  list.hidden = !found.length;
}
area.addEventListener("input", () => suggest(false));
area.addEventListener("keydown", (event) => {
  if (event.key === " " && event.ctrlKey) { event.preventDefault(); suggest(true); return; }
  if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); form.requestSubmit(); return; }
  if (list.hidden) return;
  if (event.key === "ArrowDown") { event.preventDefault(); mark(at + 1); }
  else if (event.key === "ArrowUp") { event.preventDefault(); mark(at - 1); }
  else if (event.key === "Escape") { event.preventDefault(); close(); }
  else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) { event.preventDefault(); insert(list.children[at]); }
});
area.addEventListener("blur", () => setTimeout(close, 150));
list.addEventListener("mousedown", (event) => {
  const option = event.target.closest("li");
  if (option) { event.preventDefault(); insert(option); }
});

const BASE = "https://w3id.org/ansvarsgraf/id/";
function node(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
function cell(term) {
  const td = node("td", null);
  if (!term) return td;
  if (term.type === "uri" && term.value.startsWith(BASE)) td.append(node("a", term.value.slice(BASE.length), { href: `/id/${term.value.slice(BASE.length)}` }));
  else td.textContent = term.value;
  return td;
}
function table(body) {
  const names = body.head.vars;
  const made = node("table", null);
  made.append(node("caption", `${body.results.bindings.length} rækker`));
  const head = node("tr", null);
  names.forEach((n) => head.append(node("th", n, { scope: "col" })));
  made.append(node("thead", null));
  made.tHead.append(head);
  const rows = node("tbody", null);
  body.results.bindings.slice(0, 1000).forEach((b) => {
    const row = node("tr", null);
    names.forEach((n) => row.append(cell(b[n])));
    rows.append(row);
  });
  made.append(rows);
  const around = node("div", null, { class: "scroll", tabindex: "0", role: "region", "aria-label": "Svaret, kan rulles" });
  around.append(made);
  return around;
}
// Bars, when the last column holds numbers: the table beside it is the twin in text.
function chart(body) {
  const names = body.head.vars;
  const rows = body.results.bindings.slice(0, 30);
  const last = names.at(-1);
  if (names.length < 2 || !rows.length || rows.some((r) => !r[last] || Number.isNaN(Number(r[last].value)))) return null;
  const most = Math.max(...rows.map((r) => Number(r[last].value)), 1);
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Søjler over ${last}; tallene står i tabellen`);
  svg.setAttribute("width", "720");
  svg.setAttribute("height", String(rows.length * 26 + 10));
  rows.forEach((row, n) => {
    const label = (row[names[0]]?.value ?? "").replace(BASE, "").slice(0, 38);
    const value = Number(row[last].value);
    const text = document.createElementNS(space, "text");
    text.setAttribute("x", "0"); text.setAttribute("y", String(n * 26 + 20)); text.textContent = label;
    const bar = document.createElementNS(space, "rect");
    bar.setAttribute("x", "280"); bar.setAttribute("y", String(n * 26 + 6)); bar.setAttribute("height", "18");
    bar.setAttribute("width", String(Math.max(1, (value / most) * 380)));
    const number = document.createElementNS(space, "text");
    number.setAttribute("x", String(290 + (value / most) * 380)); number.setAttribute("y", String(n * 26 + 20)); number.textContent = row[last].value;
    svg.append(text, bar, number);
  });
  const around = node("div", null, { class: "drawing bars", tabindex: "0", role: "region", "aria-label": "Søjlediagram, kan rulles" });
  around.append(svg);
  return around;
}
const TYPES = { json: "application/sparql-results+json", csv: "text/csv", xml: "application/sparql-results+xml", tsv: "text/tab-separated-values", turtle: "text/turtle" };
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  close();
  const format = document.getElementById("format").value;
  const query = area.value;
  history.replaceState(null, "", `/sparql?tekst=${encodeURIComponent(query)}`);
  result.replaceChildren(node("p", "Spørger …"));
  const graph = /\b(CONSTRUCT|DESCRIBE)\b/i.test(query) && !/\bSELECT\b/i.test(query);
  const accept = format === "json" && graph ? "text/turtle" : TYPES[format];
  try {
    const answer = await fetch("/sparql", { method: "POST", headers: { "Content-Type": "application/sparql-query", Accept: accept }, body: query });
    const text = await answer.text();
    if (!answer.ok) {
      let problem = { title: "Forespørgslen kunne ikke besvares", detail: text.slice(0, 500) };
      try { problem = JSON.parse(text); } catch { /* not a problem document */ }
      const box = node("div", null, { class: "notice warning" });
      box.append(node("p", problem.title), node("p", problem.detail ?? ""));
      result.replaceChildren(box);
      return;
    }
    const heading = node("h2", "Svar");
    const blob = new Blob([text], { type: accept });
    const link = node("a", "Hent svaret som fil", { href: URL.createObjectURL(blob), download: `svar.${graph ? "ttl" : format}` });
    const parts = [heading];
    const body = accept.endsWith("results+json") ? JSON.parse(text) : null;
    if (body && "boolean" in body) parts.push(node("p", body.boolean ? "ja" : "nej"));
    else if (body) { const bars = chart(body); if (bars) parts.push(bars); parts.push(table(body)); }
    else parts.push(node("pre", text.slice(0, 200000), { tabindex: "0" }));
    const line = node("p", null);
    line.append(link);
    parts.push(line);
    result.replaceChildren(...parts);
  } catch {
    result.replaceChildren(node("p", "Tjenesten svarede ikke. Prøv igen om lidt."));
  }
});
