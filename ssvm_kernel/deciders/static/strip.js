/**
 * While `box` is out of sight, a line at the foot of its notebook says so, with a button that scrolls to it.  That is all
 * it can do: nothing is answered here.
 */
function strip(box, cell, arrived) {
  const words = make('span', 'ssvm-strip-words', 'A guest waits for your answer');
  if (cell) words.append(': ', text(cell));
  const button = make('button', 'ssvm-button', 'Show');
  const bar = make('div', 'ssvm-prompt ssvm-strip', shield(), words, button);
  bar.setAttribute('role', 'status');
  for (const node of [bar, button]) node.setAttribute(SUPPRESS_SHORTCUTS, 'true');
  let panel = document.body;
  let scroller = null;
  let place = 0; // where the box was: JupyterLab can take cells that are out of sight off the page

  const observer = new IntersectionObserver((entries) => {
    const sighted = entries.at(-1).isIntersecting;
    if (sighted && scroller) {
      place = scroller.scrollTop + box.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    }
    if (sighted) bar.remove();
    else panel.append(bar);
  });
  button.addEventListener('click', () => {
    if (!box.isConnected && scroller) scroller.scrollTop = place;
    requestAnimationFrame(() => {
      box.scrollIntoView({ block: 'center' });
      arrived();
    });
  });
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
