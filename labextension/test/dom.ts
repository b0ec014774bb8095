// A document for CodeMirror's view, which looks for one when it is first imported: import this file before it.
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });

const globals = {
  MutationObserver: window.MutationObserver,
  Window: window.constructor,
  cancelAnimationFrame: window.cancelAnimationFrame,
  document: window.document,
  getComputedStyle: window.getComputedStyle,
  navigator: window.navigator,
  requestAnimationFrame: window.requestAnimationFrame,
  window
};
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { configurable: true, value });
}

// jsdom does no layout; CodeMirror measures by ranges.
const noRectangles = Object.assign([], { item: () => null }) as unknown as DOMRectList;
window.Range.prototype.getClientRects = () => noRectangles;
