// The prompt of one request. It shows facts that the kernel made safe, and sends one message back; everything that a
// page could forge is judged in the kernel. Text goes into the page through textContent only, and there are no links.

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

function render({ model, el }) {
  const prompt = model.get('prompt');
  const uid = `ssvm-prompt-${Math.random().toString(36).slice(2)}`; // names radio groups apart; not a secret
  const ids = { title: `${uid}-title`, who: `${uid}-who`, facts: `${uid}-facts` };
  let answered = false;

  const deny = make('button', 'ssvm-button ssvm-deny', 'Deny');
  const allow = make('button', 'ssvm-button ssvm-allow', 'Allow once');
  const status = make('span', 'ssvm-status');
  status.setAttribute('role', 'status');
  const actions = make('div', 'ssvm-actions', deny, allow, status);
  const options = choices(prompt, uid, relabel);
  const title = header(prompt, ids, 'Run a program on this computer?', 'Asked by guest ');
  const box = make('div', 'ssvm-prompt', title, facts(prompt, ids), options.node, actions);
  box.setAttribute('role', 'alertdialog');
  box.setAttribute('aria-labelledby', ids.title);
  box.setAttribute('aria-describedby', `${ids.who} ${ids.facts}`);
  for (const node of [box, deny, allow]) node.setAttribute(SUPPRESS_SHORTCUTS, 'true');

  const away = strip(box, prompt.who.cell, () => deny.focus({ preventScroll: true }));
  const attached = () => {
    model.send({ id: prompt.id, nonce: prompt.nonce, ready: true });
    away.watch();
  };
  const still = stillness(actions, enable, attached, () => {
    if (!isTypingElsewhere(box)) deny.focus();
  });

  // aria-disabled and not disabled: a disabled button can neither take nor keep the focus.
  function enable(on) {
    for (const button of [deny, allow]) button.setAttribute('aria-disabled', String(!on));
  }
  function stop() {
    still.stop();
    away.stop();
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
    stop();
    enable(false);
    status.textContent = offer.allow ? 'Allowed' : 'Denied';
    model.send({ id: prompt.id, nonce: prompt.nonce, choice: offer.id });
  }

  deny.addEventListener('click', (event) => answer(event, options.denied()));
  allow.addEventListener('click', (event) => answer(event, options.allowed()));
  guardKeys(box, allow, (event) => answer(event, prompt.offers.find((offer) => !offer.allow)));

  enable(false);
  el.append(make('div', 'ssvm-frame', box));
  return stop;
}

export default { render };
