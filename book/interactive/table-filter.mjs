// A box that filters the rows of the table after it.

export function filterTables() {
  for (const place of document.querySelectorAll(".table-filter")) {
    const table = nextTable(place);
    if (!table) continue;
    const label = document.createElement("label");
    const box = document.createElement("input");
    const shown = document.createElement("output");
    label.append("Filter the table by an id, a word or a level: ", box);
    box.type = "search";
    const rows = [...table.querySelectorAll("tbody tr")];
    const apply = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
      shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
    };
    box.addEventListener("input", apply);
    place.append(label, " ", shown);
    apply();
  }
}

function nextTable(place) {
  const tables = [...document.querySelectorAll("table")];
  return tables.find((table) => place.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING);
}
