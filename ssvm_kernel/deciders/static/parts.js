// What the prompt and the folder picker are made of. Text goes into the page through textContent only, and there are no
// links. A widget's script is one text that imports nothing: the kernel puts this before the script that uses it.

const STILL_MS = 500; // buttons work when the prompt has been in sight and still for so long (U05, U14)
const TICK_MS = 50;
const STILL_PX = 4;

// The escapes that the kernel writes for characters that cannot be seen; a doubled backslash is one backslash.
const ESCAPES = /\\\\|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}/g;

// JupyterLab runs no shortcut (DD deletes a cell) for a key on an element that has this attribute.  It looks upwards
// from the focused element and stops at the first match, so that the elements that take the focus need it themselves.
const SUPPRESS_SHORTCUTS = 'data-lm-suppress-shortcuts';

/** Words in the person's language; JupyterLab's extension, which shows the same prompt, sets it. */
let __ = (words) => words;

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Text with its escapes set apart, so that an escape is not taken for letters (U01). */
function text(value) {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const match of value.matchAll(ESCAPES)) {
    if (match[0] === '\\\\') continue;
    parts.append(value.slice(end, match.index), make('span', 'ssvm-escape', match[0]));
    end = match.index + match[0].length;
  }
  parts.append(value.slice(end));
  return parts;
}

function item(value) {
  if (value === '') return make('code', 'ssvm-item ssvm-empty', __('empty'));
  return make('code', 'ssvm-item', text(value));
}

function items(values, none) {
  if (values.length === 0) return make('span', 'ssvm-none', none);
  const list = make('ul', 'ssvm-items');
  list.append(...values.map((value) => make('li', '', item(value))));
  return list;
}

function shield() {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'ssvm-shield');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M12 3 5 5.6v5.2c0 4.6 2.9 8.3 7 10.2 4.1-1.9 7-5.6 7-10.2V5.6z');
  svg.append(path);
  return svg;
}

/** A group of radio buttons; `choices` are [value, content] pairs, the first is chosen. */
function radios(legend, name, choices, changed) {
  const group = make('fieldset', 'ssvm-choices', make('legend', '', legend));
  for (const [index, [value, content]] of choices.entries()) {
    const input = make('input');
    Object.assign(input, { type: 'radio', name, value, checked: index === 0 });
    input.setAttribute(SUPPRESS_SHORTCUTS, 'true');
    input.addEventListener('change', changed);
    group.append(make('label', '', input, make('span', '', content)));
  }
  return {
    group,
    value: () => group.querySelector('input:checked').value,
    enable: (on) => {
      group.disabled = !on;
    },
  };
}

/**
 * Calls `changed(armed)` when the prompt has become still, or has moved, been hidden or been touched; `attached()` when it
 * is on a page that somebody looks at, and `rendered()` when it is not hidden there, as JupyterLab does with far cells.
 */
function stillness(node, changed, attached, rendered) {
  let since = performance.now();
  let last = null;
  let there = false;
  let seen = false;
  let armed = false;
  const disturb = () => {
    since = performance.now();
    if (armed) changed((armed = false));
  };
  const tick = () => {
    const { left, top, width } = node.getBoundingClientRect();
    const onPage = node.isConnected && document.visibilityState === 'visible';
    const shown = onPage && width > 0;
    if (onPage && !there) {
      there = true;
      attached();
    }
    const moved = !last || Math.abs(left - last.left) > STILL_PX || Math.abs(top - last.top) > STILL_PX;
    last = { left, top };
    if (!shown || moved) disturb();
    if (shown && !seen) {
      seen = true;
      since = performance.now();
      rendered();
    }
    if (seen && !armed && performance.now() - since >= STILL_MS) changed((armed = true));
  };
  const timer = setInterval(tick, TICK_MS);
  return { disturb, isArmed: () => armed, stop: () => clearInterval(timer) };
}

/** Whether the person types somewhere else just now: then the focus is not taken from there. */
function isTypingElsewhere(node) {
  const active = document.activeElement;
  if (!active || !active.matches('input, textarea, select, [contenteditable="true"]')) return false;
  const cell = node.closest('.jp-Cell');
  return !cell || !cell.contains(active);
}

/**
 * Keys inside `box`: Escape calls `escape`, and Enter and Space work on `allow` only where Tab brought the focus there,
 * so that no script and no buffered key can (U05).
 */
function guardKeys(box, allow, escape) {
  let tabbed = false; // a Tab key is being handled: the only way for the keyboard's focus to reach the button
  let reached = false; // the person moved the focus to the button
  allow.addEventListener('focus', () => {
    reached = tabbed;
  });
  const guard = (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    const allowed = event.target === allow && reached && event.isTrusted;
    if (event.target.matches('button') && event.repeat) event.preventDefault();
    if (event.target === allow && !allowed) event.preventDefault();
  };
  box.addEventListener('keydown', guard);
  box.addEventListener('keyup', guard);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      escape(event);
    }
    if (event.key === 'Tab' && event.isTrusted) {
      tabbed = true;
      setTimeout(() => (tabbed = false)); // the focus moves before the next task
    }
  });
}

/** Who asks, below a title. */
function header(prompt, ids, title, verb) {
  const heading = make('div', 'ssvm-title', title);
  heading.id = ids.title;
  const who = make('div', 'ssvm-who', verb, make('b', '', text(prompt.who.guest)));
  if (prompt.who.cell) who.append(', ', text(prompt.who.cell));
  who.append(' · sha256 ', make('code', '', text(prompt.who.module), '…'));
  who.id = ids.who;
  return make('div', 'ssvm-header', shield(), make('div', '', heading, who));
}
