import { make } from './nodes.js';
import { visible, visibleLines } from './wasm/visible.js';

import '../style/report.css';

/** What the kernel says; a saved notebook may say anything here, so that nothing is taken for granted. */
interface Fold {
  readonly code?: unknown;
  readonly note?: unknown;
  readonly text?: unknown;
  readonly open?: unknown;
}

/** Show a label and, folded behind it, text; what a person folded or unfolded stays so when the text grows. */
export function showFold(node: HTMLElement, data: unknown): void {
  const fold: Fold = typeof data === 'object' && data !== null ? data : {};
  const label = [make('span', 'ssvm-fold-note', ` ${line(fold.note)}`)];
  const code = line(fold.code);
  const body = typeof fold.text === 'string' ? visibleLines(fold.text) : '';
  const summary = make('summary', '', ...(code === '' ? [] : [make('code', '', code)]), ...label);
  const old = node.querySelector('details');
  const details = make('details', 'ssvm-report ssvm-fold', summary, make('pre', '', body));
  details.open = old?.dataset.touched === undefined ? fold.open === true : old.open;
  if (old?.dataset.touched !== undefined) {
    details.dataset.touched = '';
  }
  summary.addEventListener('click', () => {
    details.dataset.touched = '';
  });
  const scrolled = old?.querySelector('pre')?.scrollTop ?? 0;
  const focused = node.contains(document.activeElement);
  node.replaceChildren(
    body === '' ? make('div', 'ssvm-report ssvm-fold', ...Array.from(summary.childNodes)) : details
  );
  const pre = details.querySelector('pre');
  if (pre !== null) {
    pre.scrollTop = scrolled;
  }
  if (focused && body !== '') {
    summary.focus();
  }
}

function line(value: unknown): string {
  return typeof value === 'string' ? visible(value, 2000) : '';
}
