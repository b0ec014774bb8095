// The prompt of one request. It shows facts that the kernel made safe, and sends one message back; everything that a
// page could forge is judged in the kernel. Text goes into the page through textContent only, and there are no links.

const STILL_MS = 500; // buttons work when the prompt has been in sight and still for so long (U05, U14)
const TICK_MS = 50;
const STILL_PX = 4;

// The escapes that the kernel writes for characters that cannot be seen; a doubled backslash is one backslash.
const ESCAPES = /\\\\|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}/g;

// JupyterLab runs no shortcut (DD deletes a cell) for a key on an element that has this attribute.  It looks upwards
// from the focused element and stops at the first match, so that the elements that take the focus need it themselves.
const SUPPRESS_SHORTCUTS = 'data-lm-suppress-shortcuts';

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
  if (value === '') return make('code', 'ssvm-item ssvm-empty', 'empty');
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

function header(prompt, ids) {
  const title = make('div', 'ssvm-title', 'Run a program on this computer?');
  title.id = ids.title;
  const who = make('div', 'ssvm-who', 'Asked by guest ', make('b', '', text(prompt.who.guest)));
  if (prompt.who.cell) who.append(', ', text(prompt.who.cell));
  who.append(' · sha256 ', make('code', '', text(prompt.who.module), '…'));
  who.id = ids.who;
  return make('div', 'ssvm-header', shield(), make('div', '', title, who));
}

function facts(prompt, ids) {
  const list = make('dl', 'ssvm-facts');
  list.id = ids.facts;
  const row = (label, ...values) => list.append(make('dt', '', label), make('dd', '', ...values));
  const program = make('span', 'ssvm-program', item(prompt.program));
  if (prompt.program.split('/').pop() !== prompt.name) {
    program.append(make('span', 'ssvm-aside', 'asked for as '), item(prompt.name));
  }
  row('Program', program);
  row('Arguments', items(prompt.arguments, 'none'));
  row('Folder', item(prompt.folder));
  row('Environment', items(prompt.environment, 'nothing'));
  row('Input', prompt.stdin);
  row('Time limit', prompt.timeLimit);
  if (prompt.note) row('Note', text(prompt.note));
  return list;
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

function coverageText(kind, prompt) {
  const parts = document.createDocumentFragment();
  if (kind === 'exact') parts.append('This exact command');
  if (kind === 'prefix') parts.append('This program with ', ...prompt.prefix.map(item), ' first, then anything');
  if (kind === 'any') parts.append('Anything with this program: it can then do all that you can');
  return parts;
}

/** The choices as two groups of radio buttons, and what is chosen as an offer's id. */
function choices(prompt, uid, changed) {
  const allowing = prompt.offers.filter((offer) => offer.allow);
  const scopes = [...new Map(allowing.map((offer) => [offer.scope, offer.scopeLabel]))];
  const kinds = [...new Set(allowing.map((offer) => offer.covers))].filter((kind) => kind !== 'request');
  const scope = radios('How long', `${uid}-scope`, scopes, () => {
    enableCoverage();
    changed();
  });
  const coverage =
    kinds.length > 1
      ? radios('What', `${uid}-what`, kinds.map((kind) => [kind, coverageText(kind, prompt)]), changed)
      : null;
  /** The offer for the chosen scope: the one of this kind, or the one for this request alone. */
  function find(allow, kind) {
    const fitting = prompt.offers.filter((offer) => offer.allow === allow && offer.scope === scope.value());
    return fitting.find((offer) => offer.covers === kind) ?? fitting.find((offer) => offer.covers === 'request');
  }
  const kind = () => (coverage ? coverage.value() : 'exact');
  const enableCoverage = () => coverage?.enable(find(true, kind()).covers !== 'request');
  enableCoverage();
  return {
    node: make('div', 'ssvm-options', scope.group, ...(coverage ? [coverage.group] : [])),
    scopeWords: () => ({ once: 'once', run: 'for this run', session: 'for this session', always: 'always' })[scope.value()],
    allowed: () => find(true, kind()),
    denied: () => find(false, kind()) ?? prompt.offers.find((offer) => !offer.allow),
  };
}

/** Calls `changed(armed)` when the prompt has become still, or has moved, been hidden or been touched. */
function stillness(node, changed, rendered) {
  let since = performance.now();
  let last = null;
  let seen = false;
  let armed = false;
  const disturb = () => {
    since = performance.now();
    if (armed) changed((armed = false));
  };
  const tick = () => {
    const { left, top, width } = node.getBoundingClientRect();
    const shown = node.isConnected && width > 0 && document.visibilityState === 'visible';
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

function render({ model, el }) {
  const prompt = model.get('prompt');
  const uid = `ssvm-prompt-${Math.random().toString(36).slice(2)}`; // names radio groups apart; not a secret
  const ids = { title: `${uid}-title`, who: `${uid}-who`, facts: `${uid}-facts` };
  let answered = false;
  let tabbed = false; // a Tab key is being handled: the only way for the keyboard's focus to reach Allow
  let reached = false; // the person moved the focus to Allow

  const deny = make('button', 'ssvm-button ssvm-deny', 'Deny');
  const allow = make('button', 'ssvm-button ssvm-allow', 'Allow once');
  const status = make('span', 'ssvm-status');
  status.setAttribute('role', 'status');
  const actions = make('div', 'ssvm-actions', deny, allow, status);
  const options = choices(prompt, uid, relabel);
  const box = make('div', 'ssvm-prompt', header(prompt, ids), facts(prompt, ids), options.node, actions);
  box.setAttribute('role', 'alertdialog');
  box.setAttribute('aria-labelledby', ids.title);
  box.setAttribute('aria-describedby', `${ids.who} ${ids.facts}`);
  for (const node of [box, deny, allow]) node.setAttribute(SUPPRESS_SHORTCUTS, 'true');

  const still = stillness(actions, enable, () => {
    model.send({ id: prompt.id, nonce: prompt.nonce, ready: true });
    if (!isTypingElsewhere(box)) deny.focus();
  });

  // aria-disabled and not disabled: a disabled button can neither take nor keep the focus.
  function enable(on) {
    for (const button of [deny, allow]) button.setAttribute('aria-disabled', String(!on));
  }
  function relabel() {
    still.disturb(); // the button now says something else
    const words = options.scopeWords();
    allow.textContent = `Allow ${words}`;
    deny.textContent = options.denied().scope === 'once' ? 'Deny' : `Deny ${words}`;
  }
  function answer(event, offer) {
    if (!event.isTrusted || answered || !still.isArmed()) return;
    answered = true;
    still.stop();
    enable(false);
    status.textContent = offer.allow ? 'Allowed' : 'Denied';
    model.send({ id: prompt.id, nonce: prompt.nonce, choice: offer.id });
  }

  deny.addEventListener('click', (event) => answer(event, options.denied()));
  allow.addEventListener('click', (event) => answer(event, options.allowed()));
  allow.addEventListener('focus', () => {
    reached = tabbed;
  });
  // Enter and Space work on Allow only where Tab brought the focus there: no script and no buffered key can (U05).
  const guardKey = (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    const allowed = event.target === allow && reached && event.isTrusted;
    if (event.repeat || (event.target === allow && !allowed)) event.preventDefault();
  };
  box.addEventListener('keydown', guardKey);
  box.addEventListener('keyup', guardKey);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      answer(event, prompt.offers.find((offer) => !offer.allow));
    }
    if (event.key === 'Tab' && event.isTrusted) {
      tabbed = true;
      setTimeout(() => (tabbed = false)); // the focus moves before the next task
    }
  });

  enable(false);
  el.append(make('div', 'ssvm-frame', box));
  return () => still.stop();
}

export default { render };
