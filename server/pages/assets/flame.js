// Keyboard navigation of a flame graph: left and right along a row, up and down between rows, Enter follows the link, Escape goes back to
// the caller, / searches. Keys work only inside the graph's section (WCAG 2.1.4, character key shortcuts).
'use strict';

// Debounced, so that announcements do not overlap.
const QUIET_MS = 300;

for (const graph of document.querySelectorAll('svg.flame')) {
  const frames = [...graph.querySelectorAll('a')];
  const middle = (frame) => {
    const { left, right } = frame.getBoundingClientRect();
    return (left + right) / 2;
  };
  const nearest = (row, x) =>
    frames.filter((frame) => Number(frame.dataset.row) === row).sort((a, b) => Math.abs(middle(a) - x) - Math.abs(middle(b) - x))[0];
  const inRow = (frame, step) => {
    const row = frames.filter(({ dataset }) => dataset.row === frame.dataset.row);
    return row[row.indexOf(frame) + step];
  };
  const moves = {
    ArrowRight: (frame) => inRow(frame, 1),
    ArrowLeft: (frame) => inRow(frame, -1),
    ArrowDown: (frame) => nearest(Number(frame.dataset.row) + 1, middle(frame)),
    ArrowUp: (frame) => nearest(Number(frame.dataset.row) - 1, middle(frame)),
  };
  // Roving tabindex: one frame at a time is in the tab order.
  const focus = (frame) => {
    for (const each of frames) each.tabIndex = each === frame ? 0 : -1;
    frame.focus();
  };
  graph.addEventListener('keydown', (event) => {
    const frame = event.target.closest('a');
    const next = frame && moves[event.key]?.(frame);
    if (!next) return;
    event.preventDefault();
    focus(next);
  });
  const section = graph.closest('section');
  const find = section?.querySelector('.find input');
  if (find) search(graph, section, find, frames, focus);
}

function search(graph, section, find, frames, focus) {
  const status = section.querySelector('.find [role="status"]');
  let speaking = 0;
  find.parentElement.hidden = false;

  // The title starts with the full name; the drawn text may be truncated.
  const nameOf = (frame) => frame.querySelector('title').textContent.split(': ')[0].toLowerCase();
  const found = () => frames.filter((frame) => frame.classList.contains('found'));
  const highlight = () => {
    const text = find.value.trim().toLowerCase();
    for (const frame of frames) frame.classList.toggle('found', text !== '' && nameOf(frame).includes(text));
    graph.classList.toggle('searched', text !== '');
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      const count = found().length;
      status.textContent =
        text === ''
          ? ''
          : `${count} of ${frames.length} frames ${count === 1 ? 'matches' : 'match'}${count > 0 ? '; Enter goes to the first' : ''}`;
    }, QUIET_MS);
  };

  find.addEventListener('input', highlight);
  section.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const searching = event.target === find;
    if (event.key === '/' && !searching) {
      event.preventDefault();
      find.focus();
      find.select();
    } else if (event.key === 'Escape' && searching) {
      event.preventDefault();
      find.value = '';
      highlight();
      focus(frames.find(({ tabIndex }) => tabIndex === 0) ?? frames[0]);
    } else if (event.key === 'Escape' && graph.dataset.up) location.assign(graph.dataset.up);
    else if (event.key === 'Enter' && searching && found().length > 0) focus(found()[0]);
  });
}
