// The prompt of one request. It shows facts that the kernel made safe, and sends one message back; everything that a
// page could forge is judged in the kernel. Text goes into the page through textContent only, and there are no links.

const isConnection = (prompt) => prompt.kind === 'connection';

function facts(prompt, ids) {
  const list = make('dl', 'ssvm-facts');
  list.id = ids.facts;
  const row = (label, ...values) => list.append(make('dt', '', label), make('dd', '', ...values));
  if (isConnection(prompt)) {
    row(__('Destination'), make('span', 'ssvm-program', item(prompt.destination)));
    if (prompt.care) row(__('Care'), text(prompt.care));
    if (prompt.note) row(__('Note'), text(prompt.note));
    return list;
  }
  const program = make('span', 'ssvm-program', item(prompt.program));
  if (prompt.program.split('/').pop() !== prompt.name) {
    program.append(make('span', 'ssvm-aside', __('asked for as ')), item(prompt.name));
  }
  row(__('Program'), program);
  row(__('Arguments'), items(prompt.arguments, __('none')));
  row(__('Folder'), item(prompt.folder));
  row(__('Environment'), items(prompt.environment, __('nothing')));
  row(__('Input'), __(prompt.stdin));
  row(__('Time limit'), prompt.timeLimit);
  if (prompt.note) row(__('Note'), text(prompt.note));
  return list;
}

function coverageText(kind, prompt) {
  const parts = document.createDocumentFragment();
  if (kind === 'exact') parts.append(__('This exact command'));
  if (kind === 'prefix') parts.append(__('This program with '), ...prompt.prefix.map(item), __(' first, then anything'));
  if (kind === 'any') parts.append(__('Anything with this program: it can then do all that you can'));
  return parts;
}

/** The choices as two groups of radio buttons, and what is chosen as an offer's id. */
function choices(prompt, uid, changed) {
  const allowing = prompt.offers.filter((offer) => offer.allow);
  const scopes = [...new Map(allowing.map((offer) => [offer.scope, __(offer.scopeLabel)]))];
  const kinds = [...new Set(allowing.map((offer) => offer.covers))].filter((kind) => kind !== 'request');
  const scope = radios(__('How long'), `${uid}-scope`, scopes, () => {
    enableCoverage();
    changed();
  });
  const coverage =
    kinds.length > 1
      ? radios(__('What'), `${uid}-what`, kinds.map((kind) => [kind, coverageText(kind, prompt)]), changed)
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
    scope: () => scope.value(),
    allowed: () => find(true, kind()),
    denied: () => find(false, kind()) ?? prompt.offers.find((offer) => !offer.allow),
  };
}

/** What the buttons say for each scope. */
function labels(allow) {
  return allow
    ? {
        once: __('Allow once'),
        run: __('Allow for this run'),
        session: __('Allow for this session'),
        always: __('Allow always'),
      }
    : {
        once: __('Deny'),
        run: __('Deny for this run'),
        session: __('Deny for this session'),
        always: __('Deny always'),
      };
}

function render({ model, el }) {
  if (model.translate) __ = model.translate;
  const prompt = model.get('prompt');
  const uid = `ssvm-prompt-${Math.random().toString(36).slice(2)}`; // names radio groups apart; not a secret
  const ids = { title: `${uid}-title`, who: `${uid}-who`, facts: `${uid}-facts` };
  let answered = false;

  const deny = make('button', 'ssvm-button ssvm-deny', __('Deny'));
  const allow = make('button', 'ssvm-button ssvm-allow', __('Allow once'));
  const status = make('span', 'ssvm-status');
  status.setAttribute('role', 'status');
  const actions = make('div', 'ssvm-actions', deny, allow, status);
  const options = choices(prompt, uid, relabel);
  const asks = isConnection(prompt) ? __('Connect to the network?') : __('Run a program on this computer?');
  const title = header(prompt, ids, asks, __('Asked by guest '));
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
    allow.textContent = labels(true)[options.scope()];
    deny.textContent = labels(false)[options.denied().scope];
  }
  function answer(event, offer) {
    if (!event.isTrusted || answered || !still.isArmed()) return;
    answered = true;
    stop();
    enable(false);
    status.textContent = offer.allow ? __('Allowed') : __('Denied');
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
