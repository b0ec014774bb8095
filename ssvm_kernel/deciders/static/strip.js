const MOST_PAGES = 500;

/** Scroll to `box`; page by page where JupyterLab hides the cells that are far away, so that it has no place yet. */
function leadTo(box, scroller, arrived, pages) {
  if (box.getBoundingClientRect().width > 0) {
    box.scrollIntoView({ block: 'center' });
    arrived();
    return;
  }
  if (!scroller || pages === 0) return;
  const number = (cell) => Number(cell?.dataset.windowedListIndex);
  const mine = number(box.closest('[data-windowed-list-index]'));
  const cells = [...scroller.querySelectorAll('[data-windowed-list-index]')];
  const back = cells.some((cell) => number(cell) > mine && cell.getBoundingClientRect().width > 0);
  scroller.scrollTop += back ? -scroller.clientHeight : scroller.clientHeight;
  setTimeout(() => leadTo(box, scroller, arrived, pages - 1), TICK_MS);
}

/**
 * While `box` is out of sight, a line at the foot of its notebook says so, with a button that scrolls to it.  That is all
 * it can do: nothing is answered here.
 */
function strip(box, cell, arrived) {
  const words = make('span', 'ssvm-strip-words', __('A guest waits for your answer'));
  if (cell) words.append(': ', text(cell));
  const button = make('button', 'ssvm-button', __('Show'));
  const bar = make('div', 'ssvm-prompt ssvm-strip', shield(), words, button);
  bar.setAttribute('role', 'status');
  for (const node of [bar, button]) node.setAttribute(SUPPRESS_SHORTCUTS, 'true');
  let panel = document.body;
  let scroller = null;

  const observer = new IntersectionObserver((entries) => {
    if (entries.at(-1).isIntersecting) bar.remove();
    else panel.append(bar);
  });
  button.addEventListener('click', () => leadTo(box, scroller, arrived, MOST_PAGES));
  return {
    watch() {
      panel = box.closest('.jp-NotebookPanel') ?? document.body;
      scroller = box.closest('.jp-WindowedPanel-outer') ?? box.closest('.jp-Notebook');
      observer.observe(box);
    },
    stop() {
      observer.disconnect();
      bar.remove();
    },
  };
}
