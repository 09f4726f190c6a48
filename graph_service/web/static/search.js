// Suggestions under the search fields: the combobox pattern of ARIA 1.2. Without this script the form simply searches.
const WAIT = 120;

function attach(input) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${input.id}-forslag`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Forslag");
  list.hidden = true;
  input.closest("form").append(list);
  const status = document.createElement("p");
  status.className = "sr-only";
  status.setAttribute("role", "status");
  input.closest("form").append(status);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  let at = -1, timer = 0, asked = "", request = null;

  const close = () => {
    list.hidden = true; at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (next) => {
    const options = [...list.children];
    if (!options.length) return;
    at = (next + options.length) % options.length;
    options.forEach((o, n) => o.setAttribute("aria-selected", String(n === at)));
    options[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[at].id);
  };
  const show = (items) => {
    list.replaceChildren(...items.map((item, n) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${n}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.href = item.page;
      option.textContent = item.label;
      const small = document.createElement("small");
      small.textContent = item.other && item.other.length < 60 ? `${item.kind_label} · ${item.other}` : item.kind_label;
      option.append(small);
      return option;
    }));
    at = -1;
    list.hidden = !items.length;
    input.setAttribute("aria-expanded", String(items.length > 0));
    status.textContent = items.length ? `${items.length} forslag` : "Ingen forslag";
  };
  const ask = async () => {
    const q = input.value.trim();
    if (q === asked) return;
    asked = q;
    if (q.length < 2) { close(); return; }
    request?.abort();
    request = new AbortController();
    try {
      const answer = await fetch(`/api/v1/search?limit=8&q=${encodeURIComponent(q)}`, { signal: request.signal, headers: { Accept: "application/json" } });
      if (answer.ok && document.activeElement === input) show((await answer.json()).items);
    } catch (error) { if (error.name !== "AbortError") close(); }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); if (list.hidden) { asked = ""; ask(); } else mark(at + 1); }
    else if (event.key === "ArrowUp" && !list.hidden) { event.preventDefault(); mark(at - 1); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    else if (event.key === "Enter" && at >= 0 && !list.hidden) { event.preventDefault(); location.href = list.children[at].dataset.href; }
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("li");
    if (option) { event.preventDefault(); location.href = option.dataset.href; }
  });
}

document.querySelectorAll("input[data-search]").forEach(attach);
// On a wide screen the filters stand open beside the list.
if (matchMedia("(min-width: 62rem)").matches) document.querySelectorAll(".with-side > details[data-filters]").forEach((d) => { d.open = true; });
