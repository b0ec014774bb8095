// Something long that is running, as a measurement: what is known so far, and a button that ends it.

function render({ model, el }) {
  const view = model.get('view');
  const text = make('span', 'ssvm-measure-text', view.text);
  text.setAttribute('role', 'status');
  const stop = make('button', 'ssvm-button', view.stop);
  stop.title = view.title;
  const box = make('div', 'ssvm-measure', text, stop);
  for (const node of [box, stop]) node.setAttribute(SUPPRESS_SHORTCUTS, 'true');
  const say = (what) => model.send({ id: view.id, nonce: view.nonce, ...what });

  const told = ({ text: words }) => {
    if (typeof words === 'string' && !stop.disabled) text.textContent = words;
  };
  stop.addEventListener('click', () => {
    stop.disabled = true;
    text.textContent = 'stopping …';
    say({ stop: true });
  });
  model.on('msg:custom', told);
  el.append(box);
  say({ ready: true });
  return () => model.off('msg:custom', told);
}

export default { render };
