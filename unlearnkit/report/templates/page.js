// Sorts and filters tables of the class "data", hides earlier snapshots, and switches between light and dark.
"use strict";
(() => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // the headings above single columns, by column: those of the first row that span all rows, with those of the last row between
  const leaves = (table) => {
    const rows = [...table.tHead.rows].filter((row) => !row.classList.contains("filters"));
    const last = [...rows[rows.length - 1].cells];
    if (rows.length === 1) return last;
    let used = 0;
    return [...rows[0].cells].flatMap((cell) => {
      if (cell.rowSpan === rows.length) return [cell];
      const heads = last.slice(used, used + cell.colSpan);
      used += cell.colSpan;
      return heads;
    });
  };

  const text = (cell) => (cell ? (cell.querySelector("button.number, a") || cell.firstChild || cell).textContent.trim() : "");
  const order = (cell) => {
    if (!cell) return null;
    const stated = cell.dataset.order ?? text(cell).replaceAll(",", "");
    return stated !== "" && Number.isFinite(Number(stated)) ? Number(stated) : null;
  };

  const compare = (a, b) => {
    const [x, y] = [order(a), order(b)];
    if (x !== null && y !== null) return x - y;
    if (x !== null || y !== null) return 0;
    return text(a).localeCompare(text(b), undefined, { numeric: true });
  };
  const missing = (cell) => !cell || (order(cell) === null && text(cell) === "");
  const stays = (row) => row.classList.contains("part") || row.classList.contains("oracle");

  const sort = (table, column, heading) => {
    const falling = heading.ariaSort === "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    heading.ariaSort = falling ? "descending" : "ascending";
    for (const body of table.tBodies) {
      const rows = [...body.rows];
      const first = rows.filter(stays);
      const sorted = rows.filter((row) => !stays(row)).sort((a, b) => {
        const [x, y] = [a.cells[column], b.cells[column]];
        if (missing(x) || missing(y)) return missing(x) - missing(y);
        return falling ? compare(y, x) : compare(x, y);
      });
      body.append(...first, ...sorted);
    }
  };

  // "<0.3", ">2", "1..3" compare numbers, anything else is looked for in the text
  const accepts = (wanted, cell) => {
    const range = wanted.match(/^(-?[\d.]+)\.\.(-?[\d.]+)$/);
    const limit = wanted.match(/^([<>]=?)\s*(-?[\d.]+)$/);
    const value = order(cell);
    if (range) return value !== null && value >= Number(range[1]) && value <= Number(range[2]);
    if (!limit) return (cell ? cell.textContent : "").toLowerCase().includes(wanted.toLowerCase());
    if (value === null) return false;
    const bound = Number(limit[2]);
    return { "<": value < bound, ">": value > bound, "<=": value <= bound, ">=": value >= bound }[limit[1]];
  };

  const enhance = (table) => {
    const headings = leaves(table);
    const name = (heading) => heading.dataset.name ?? heading.textContent.trim();
    headings.forEach((heading, column) => {
      heading.dataset.name = heading.textContent.trim();
      // a link stays one: what is to be clicked cannot hold another such thing
      const linked = heading.querySelector("a");
      const button = make("button", { type: "button", className: "sort" }, ...(linked ? [] : heading.childNodes));
      if (linked) button.ariaLabel = `Sort by ${name(heading)}`;
      button.addEventListener("click", () => sort(table, column, heading));
      if (linked) heading.append(button);
      else heading.replaceChildren(button);
    });
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.classList.contains("part"));
    if (rows.length < 4) return;
    const count = make("output", { className: "count" });
    const anywhere = make("input", { type: "search", placeholder: "Filter rows" });
    anywhere.setAttribute("aria-label", `Filter rows of: ${table.parentElement.ariaLabel}`);
    const columns = make("tr", { className: "filters", hidden: true });
    const inputs = headings.map((heading) => {
      const input = make("input", { type: "search", size: 4, title: "text, or <0.3, >2, 1..3" });
      input.setAttribute("aria-label", `Filter ${name(heading)}: text, or <0.3, >2, 1..3`);
      columns.append(make("td", {}, input));
      return input;
    });
    table.tHead.append(columns);
    const earlier = make("input", { type: "checkbox", checked: true });
    const hasEarlier = rows.some((row) => row.classList.contains("earlier"));

    const filter = () => {
      const wanted = inputs.map((input) => (columns.hidden ? "" : input.value.trim()));
      const words = anywhere.value.toLowerCase().split(/\s+/).filter(Boolean);
      let visible = 0;
      for (const row of rows) {
        const content = row.textContent.toLowerCase();
        const fits = words.every((word) => content.includes(word)) && wanted.every((asked, at) => asked === "" || accepts(asked, row.cells[at]));
        row.hidden = !fits || (hasEarlier && earlier.checked && row.classList.contains("earlier"));
        visible += !row.hidden;
      }
      count.value = visible < rows.length ? `${visible} of ${rows.length} rows` : `${rows.length} rows`;
    };
    const toggle = make("button", { type: "button", ariaExpanded: "false" }, "Filter columns");
    toggle.addEventListener("click", () => {
      columns.hidden = !columns.hidden;
      toggle.ariaExpanded = String(!columns.hidden);
      if (!columns.hidden) inputs[0].focus();
      filter();
    });
    for (const input of [anywhere, earlier, ...inputs]) input.addEventListener("input", filter);
    const tools = make("div", { className: "tools" }, anywhere, toggle);
    if (hasEarlier) tools.append(make("label", {}, earlier, " last snapshots only"));
    tools.append(count);
    table.parentElement.before(tools);
    filter();
  };

  document.querySelectorAll("table.data").forEach(enhance);

  // a link into a closed <details> opens it
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let parent = target; parent; parent = parent.parentElement) if (parent.tagName === "DETAILS") parent.open = true;
    if (target) target.scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  const nav = document.querySelector("nav");
  const root = document.documentElement;
  const preferred = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const other = () => ((root.dataset.theme ?? preferred()) === "dark" ? "light" : "dark");
  const theme = make("button", { type: "button", className: "theme" }, `${other()} colours`);
  theme.addEventListener("click", () => {
    root.dataset.theme = other();
    theme.textContent = `${other()} colours`;
  });
  if (nav) nav.append(theme);
})();
