// Moves the focus between the frames of a flame graph: left and right along a row, up and down between rows. Enter follows the link.
'use strict';

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
  graph.addEventListener('keydown', (event) => {
    const frame = event.target.closest('a');
    const next = frame && moves[event.key]?.(frame);
    if (!next) return;
    event.preventDefault();
    // One frame at a time is in the order of Tab.
    frame.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}
