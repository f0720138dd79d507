// Sorting of data tables by column. Without this script they keep the order of the analysis.
'use strict';

for (const table of document.querySelectorAll('table.data')) {
  const heads = [...table.querySelectorAll('thead th')];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.className = 'sort';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const order = nextOrder(table, head, column);
      for (const each of heads) each.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', order);
      sort(table.tBodies[0], column, order);
      document.getElementById('announce').textContent = `Sorted by ${button.textContent.trim()}, ${order}`;
    });
  });
}

// First click: numbers descending, text ascending.
function nextOrder(table, head, column) {
  const now = head.getAttribute('aria-sort');
  if (now) return now === 'ascending' ? 'descending' : 'ascending';
  return [...table.tBodies[0].rows].some((row) => numberIn(row.cells[column]) !== null) ? 'descending' : 'ascending';
}

function sort(body, column, order) {
  const sign = order === 'ascending' ? 1 : -1;
  const rows = [...body.rows].map((row) => ({ row, text: textIn(row.cells[column]), number: numberIn(row.cells[column]) }));
  rows.sort((a, b) => {
    // Missing values always sort last.
    if (a.text === '' || b.text === '') return Number(a.text === '') - Number(b.text === '');
    if (a.number !== null && b.number !== null) return sign * (a.number - b.number);
    return sign * a.text.localeCompare(b.text, 'en');
  });
  body.append(...rows.map(({ row }) => row));
}

function textIn(cell) {
  const text = cell?.textContent.trim() ?? '';
  return text === '·' ? '' : text;
}

/** As `dataTable` writes numbers: `1,234.5`. */
function numberIn(cell) {
  const text = textIn(cell).replaceAll(',', '');
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}
